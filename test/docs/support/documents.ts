// The documents that people read, taken apart: fenced blocks, headings, links.
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../../scripts/lib/process.mjs";

interface Block {
  /** What stands behind the fence: `sh`, `ts`, ... or nothing. */
  readonly language: string;
  readonly text: string;
  /** Of the document, where its text begins. */
  readonly line: number;
}

export interface Document {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  /** The text without its blocks. */
  readonly prose: string;
}

const FENCED = /^( *)```(\S*)[^\n]*\n(.*?)^\1```$/gms;

export async function readDocument(path: string): Promise<Document> {
  const text = await readFile(join(ROOT, path), "utf8");
  const blocks = [...text.matchAll(FENCED)].map(([, , language = "", content = ""], index) => {
    const at = [...text.matchAll(FENCED)][index]?.index ?? 0;
    return { language, text: content, line: text.slice(0, at).split("\n").length + 1 };
  });
  return { path, text, blocks, prose: text.replaceAll(FENCED, "") };
}

/** Those for users: the README, docs/ and the examples. */
export async function userDocuments(): Promise<readonly Document[]> {
  return documents(["README.md", "docs/*.md", "examples/*/README.md"]);
}

/** Every document of the repository. */
export async function allDocuments(): Promise<readonly Document[]> {
  return documents(["*.md", "docs/**/*.md", "examples/**/*.md", "bench/*.md", "test/**/*.md"]);
}

async function documents(patterns: readonly string[]): Promise<readonly Document[]> {
  const paths = [];
  for await (const path of glob(patterns, { cwd: ROOT })) paths.push(path);
  return Promise.all(paths.toSorted().map(readDocument));
}

/** The targets of all links and images. */
export function linksOf({ prose }: Document): readonly string[] {
  const withoutCode = prose.replaceAll(/`[^`\n]*`/g, (code) => (code.includes("](") ? "" : code));
  return [...withoutCode.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = ""]) => target);
}

/** The anchors of all headings, as GitHub makes them. */
export function anchorsOf({ prose }: Document): readonly string[] {
  const seen = new Map<string, number>();
  return [...prose.matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, heading = ""]) => {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, "")
      .replaceAll(" ", "-");
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${String(times)}`;
  });
}

/** The cells of every row of every table, without the heads and the rules below them. */
export function rowsOf({ prose }: Document): readonly (readonly string[])[] {
  const lines = prose.split("\n");
  return lines.flatMap((line, index) => {
    const isRule = (text = ""): boolean => /^\|[\s:|-]+\|$/.test(text);
    if (!line.startsWith("|") || isRule(line) || isRule(lines[index + 1])) return [];
    return [
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ];
  });
}
