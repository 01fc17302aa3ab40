// What a document points to is there: files, headings, and the tests and folders that it names.
import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../../scripts/lib/process.mjs";
import { allDocuments, anchorsOf, type Document, linksOf, userDocuments } from "./support/documents.ts";

const documents = await allDocuments();
const byPath = new Map(documents.map((document) => [document.path, document]));

/** Each link within the repository that leads nowhere. */
function brokenLinks(document: Document): string[] {
  return linksOf(document).filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [file = "", anchor] = link.split("#");
    const path = file === "" ? document.path : normalize(join(dirname(document.path), file));
    if (path.startsWith("..") || !existsSync(join(ROOT, path))) return true;
    if (anchor === undefined) return false;
    const target = path === document.path ? document : byPath.get(path);
    return target === undefined || !anchorsOf(target).includes(anchor);
  });
}

/** Named as they are in a user's own project, or as a pattern of names. */
const ELSEWHERE = new Set(["src/worker.ts", "docs/decisions/NNNN-title.md"]);

describe("documents", () => {
  test("links lead to files and headings that are there", () => {
    const broken = documents.flatMap((document) => brokenLinks(document).map((link) => `${document.path}: ${link}`));
    expect(broken).toEqual([]);
  });

  test("a link that leads nowhere is seen", () => {
    const text = "[a](docs/none.md) [b](docs/deploy.md#none) [c](#here) [d](docs/deploy.md#doctor)\n\n# Here\n";
    expect(brokenLinks({ path: "README.md", text, prose: text, blocks: [] })).toEqual([
      "docs/none.md",
      "docs/deploy.md#none",
    ]);
  });

  test("links are written so that they are seen here: none by reference, none in HTML", () => {
    const others = documents.flatMap(({ path, prose }) =>
      [...prose.matchAll(/^\[[^\]]+\]:.*$|<(?:a|img|picture)\b.*$|\]\([^)\s]*\([^\n]*$/gm)].map(
        ([found]) => `${path}: ${found}`,
      ),
    );
    expect(others).toEqual([]);
  });

  test("the tests, sources and scripts that they name are there", () => {
    const named = documents.flatMap(({ path, prose }) =>
      [...prose.matchAll(/`((?:test|src|scripts|bench|examples|docs)\/[\w./-]+)`/g)].map(([, name = ""]) => ({
        path,
        name,
      })),
    );
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter(({ name }) => !ELSEWHERE.has(name) && !existsSync(join(ROOT, name)))).toEqual([]);
  });

  test("every document in docs/ is reached from the README", async () => {
    const reached = new Set<string>();
    const visit = (path: string): void => {
      const document = byPath.get(path);
      if (document === undefined || reached.has(path)) return;
      reached.add(path);
      for (const link of linksOf(document)) visit(normalize(join(dirname(path), link.split("#")[0] ?? "")));
    };
    visit("README.md");
    const unreached = (await userDocuments()).map(({ path }) => path).filter((path) => !reached.has(path));
    expect(unreached.filter((path) => !path.startsWith("examples/"))).toEqual([]);
  });
});
