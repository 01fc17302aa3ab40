// Which block of commands is run where. All are run against a local server but those named here, each with its reason.
import type { Document } from "./documents.ts";

/** A block, by how its text begins; without that, every one of the document. */
export interface BlockChoice {
  readonly document: string;
  readonly begins?: string;
}

/** Run by `test/deploy/documents.test.ts`, against the stand-in for Cloudflare. */
export const ON_CLOUDFLARE: readonly BlockChoice[] = [
  { document: "README.md", begins: "npx durable-streams init my-streams" },
  { document: "docs/deploy.md" },
  { document: "examples/api-keys/README.md" },
];

/** Not run by these tests. */
export const NOT_RUN: readonly (BlockChoice & { readonly why: string })[] = [
  {
    document: "docs/commands.md",
    why: "made from the commands, about streams and projects that nobody has; examples.test.ts checks each call",
  },
  {
    document: "README.md",
    begins: "npm ci && npm start",
    why: "CI installs before it tests; what `npm start` runs, `dev --demo`, is the server of every document here",
  },
  { document: "README.md", begins: "npm ci && npm test", why: "it is what runs this test" },
  {
    document: "docs/segment-format.md",
    begins: "file=$1",
    why: "it is a script to be saved; test/protocol/segment-format.test.ts runs it",
  },
];

export interface ShellBlock {
  readonly document: string;
  readonly line: number;
  readonly text: string;
}

export function isChosen(block: ShellBlock, choices: readonly BlockChoice[]): boolean {
  return choices.some(
    ({ document, begins = "" }) => document === block.document && block.text.trimStart().startsWith(begins),
  );
}

export function shellBlocks({ path, blocks }: Document): readonly ShellBlock[] {
  return blocks.filter(({ language }) => language === "sh").map(({ line, text }) => ({ document: path, line, text }));
}
