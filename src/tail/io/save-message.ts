import { writeFile } from "node:fs/promises";
import { isCut, type Message } from "../model/message.ts";
import { humanBytes } from "../../client/figures.ts";
import type { Told } from "./clipboard.ts";

function reasonOf(error: unknown, path: string): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EEXIST") return `${path} is there already; choose another name.`;
  if (code === "ENOENT") return `The folder of ${path} is not there.`;
  return error instanceof Error ? error.message : String(error);
}

/** Writes a message's very bytes to a new file. A file that is there is left as it is. */
export async function saveMessage(message: Message, path: string): Promise<Told> {
  try {
    await writeFile(path, message.bytes, { flag: "wx" });
  } catch (error) {
    return { text: reasonOf(error, path), isProblem: true };
  }
  if (!isCut(message)) return { text: `Saved ${humanBytes(message.size)} to ${path}.`, isProblem: false };
  const kept = humanBytes(message.bytes.byteLength);
  const text = `Saved the first ${kept} of ${humanBytes(message.size)} to ${path}: the view keeps no more.`;
  return { text, isProblem: true };
}
