import type { Wish } from "./directory-file.ts";

/** What oclif tells of a command line it has read. */
interface ParsedLine {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly raw: readonly { readonly type: string; readonly flag?: string }[];
  readonly metadata: { readonly flags: Readonly<Record<string, { readonly setFromDefault?: boolean } | undefined>> };
}

/** Whether a flag was typed; what the environment or a default says was not. */
export function isTyped({ raw }: ParsedLine, name: string): boolean {
  return raw.some(({ type, flag }) => type === "flag" && flag === name);
}

/** What the command line says of server, project and context, and what the environment does. */
export function wishesOf(parsed: ParsedLine): { readonly flags: Wish; readonly environment: Wish } {
  const said = (name: keyof Wish, typed: boolean): string | undefined => {
    const value = parsed.flags[name];
    const isDefault = parsed.metadata.flags[name]?.setFromDefault === true;
    return typeof value === "string" && !isDefault && isTyped(parsed, name) === typed ? value : undefined;
  };
  const wish = (typed: boolean): Wish => ({
    url: said("url", typed),
    project: said("project", typed),
    context: said("context", typed),
  });
  return { flags: wish(true), environment: wish(false) };
}
