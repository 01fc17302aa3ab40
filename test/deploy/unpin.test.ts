// The id of a namespace that is gone leaves the files that it was written into, and nothing else does.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseProjectFile } from "../../src/cli/deploy/project-file.ts";
import { targetOf } from "../../src/cli/deploy/target.ts";
import { unpinNamespace, withoutValue } from "../../src/cli/deploy/unpin.ts";

const ID = "b".repeat(32);
const OTHER = "c".repeat(32);

describe("a value that goes", () => {
  it.for([
    ["between others", '{\n  "a": 1,\n  "x": 2,\n  "b": 3\n}\n', '{\n  "a": 1,\n  "b": 3\n}\n'],
    ["first", '{ "x": 2, "a": 1 }', '{ "a": 1 }'],
    ["last, with the comma before it", '{\n  "a": 1,\n  "x": 2\n}\n', '{\n  "a": 1\n}\n'],
    ["last, with a comma at the end", '{\n  "a": 1,\n  "x": 2,\n}\n', '{\n  "a": 1,\n}\n'],
    ["alone", '{ "x": 2 }', "{ }"],
    [
      "among comments, which stay",
      '{\n  "a": 1, // one, of course\n  // Two.\n  "x": 2 /* two */\n  // The end.\n}\n',
      '{\n  "a": 1 // one, of course\n  // Two.\n  /* two */\n  // The end.\n}\n',
    ],
    ["with a comment behind it", '{\n  "x": 2, // two\n  "a": 1\n}\n', '{\n  // two\n  "a": 1\n}\n'],
    ["in a file of Windows", '{\r\n  "a": 1,\r\n  "x": 2\r\n}\r\n', '{\r\n  "a": 1\r\n}\r\n'],
  ])("%s", ([, text = "", wanted]) => {
    expect(withoutValue(text, ["x"], (value) => value === 2)).toBe(wanted);
  });

  it("another value at the same place stays, and so does a file that has none", () => {
    for (const text of ['{ "x": 3 }', "{ }", "[]", ""]) {
      expect(withoutValue(text, ["x"], (value) => value === 2)).toBe(text);
    }
  });
});

describe("a namespace that is gone", () => {
  async function unpinned(project: string, wrangler: string, environment?: string): Promise<[string, string]> {
    const folder = await mkdtemp(join(tmpdir(), "durable-streams-unpin-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const files = [join(folder, "durable-streams.jsonc"), join(folder, "wrangler.jsonc")] as const;
    await writeFile(files[0], project);
    await writeFile(files[1], wrangler);
    await unpinNamespace(folder, targetOf(parseProjectFile(project), environment), ID);
    return [await readFile(files[0], "utf8"), await readFile(files[1], "utf8")];
  }

  const wranglerWith = (id: string): string =>
    `{ "kv_namespaces": [{ "binding": "MINE", "id": "${OTHER}" }, { "binding": "REGISTRY", "id": "${id}" }] }`;

  it("is taken out of the project file and of wrangler's", async () => {
    const project = `{ "name": "shop", "resources": { "bucket": "b-b", "kvNamespaceId": "${ID}" } } // ours\n`;
    expect(await unpinned(project, wranglerWith(ID))).toEqual([
      '{ "name": "shop", "resources": { "bucket": "b-b" } } // ours\n',
      `{ "kv_namespaces": [{ "binding": "MINE", "id": "${OTHER}" }, { "binding": "REGISTRY" }] }`,
    ]);
  });

  it("of an environment is taken out there alone, and another one in wrangler's file stays", async () => {
    const pinned = (id: string): string => `"resources": { "kvNamespaceId": "${id}" }`;
    const project = `{ "name": "shop", ${pinned(OTHER)}, "environments": { "staging": { ${pinned(ID)} } } }`;
    const [left, wrangler] = await unpinned(project, wranglerWith(OTHER), "staging");
    expect(parseProjectFile(left)).toEqual({
      name: "shop",
      resources: { kvNamespaceId: OTHER },
      environments: { staging: { resources: {} } },
    });
    expect(wrangler).toBe(wranglerWith(OTHER));
  });
});
