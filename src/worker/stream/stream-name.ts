/** Divides the name of a stream's object, `project/path`. */
export function splitStreamName(name: string): { readonly project: string; readonly path: string } {
  const slash = name.indexOf("/");
  return { project: name.slice(0, slash), path: name.slice(slash + 1) };
}
