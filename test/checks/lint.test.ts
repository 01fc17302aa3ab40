import { expect, test } from "vitest";
import { run } from "../../scripts/lib/process.mjs";
import { plantTree } from "./planted-tree.ts";

const CONFIGS = [
  "eslint.config.js",
  "tsconfig.base.json",
  "tsconfig.worker.json",
  "tsconfig.examples.json",
  "tsconfig.cli.json",
  "test/tsconfig.json",
  "test/worker/tsconfig.json",
];

interface LintResult {
  filePath: string;
  messages: { ruleId: string | null; message: string }[];
}

/** The rules that each planted file breaks, by the file's path in its tree. */
async function lint(files: Readonly<Record<string, string>>) {
  // Every project has to have something to hold.
  const empty = "export {};\n";
  const others = { "test/a.test.ts": empty, "test/worker/a.test.ts": empty, "examples/a.ts": empty };
  const tree = await plantTree({ ...others, ...files }, CONFIGS);
  const { code, stdout } = await run("eslint . --format json", { cwd: tree });
  const results = JSON.parse(stdout) as LintResult[];
  const broken = results.map(({ filePath, messages }) => {
    return [filePath.slice(tree.length + 1), messages.map(({ ruleId, message }) => ruleId ?? message)] as const;
  });
  return { code, broken: Object.fromEntries(broken.filter(([, rules]) => rules.length > 0)) };
}

const lines = (count: number, line: string) => `${line}\n`.repeat(count);

const planted: { what: string; path: string; text: string; rule: string }[] = [
  { what: "an any", path: "src/cli/any.ts", text: "export let a: any;\n", rule: "@typescript-eslint/no-explicit-any" },
  {
    what: "a promise that nobody awaits",
    path: "src/client/floating.ts",
    text: "export function go(): void {\n  Promise.resolve(1);\n}\n",
    rule: "@typescript-eslint/no-floating-promises",
  },
  {
    what: "a switch that forgets a case",
    path: "src/protocol/switch.ts",
    text: `export function f(kind: "a" | "b"): number {\n  switch (kind) {\n    case "a":\n      return 1;\n  }\n  return 2;\n}\n`,
    rule: "@typescript-eslint/switch-exhaustiveness-check",
  },
  {
    what: "a type imported as a value",
    path: "src/client/import.ts",
    text: `import { Stats } from "node:fs";\nexport type S = Stats;\n`,
    rule: "@typescript-eslint/consistent-type-imports",
  },
  {
    what: "console in the command line",
    path: "src/cli/console.ts",
    text: `export const hello = (): void => {\n  console.error("hello");\n};\n`,
    rule: "no-console",
  },
  {
    what: "the type Request in protocol",
    path: "src/protocol/request.ts",
    text: "export const f = (request: Request): number => (request as unknown as { size: number }).size;\n",
    rule: "@typescript-eslint/no-restricted-types",
  },
  {
    what: "a Response made in storage",
    path: "src/worker/storage/response.ts",
    text: "export const f = (): number => new Response().status;\n",
    rule: "no-restricted-globals",
  },
  {
    what: "a Response made in segments by way of globalThis",
    path: "src/worker/segments/response.ts",
    text: "export const f = (): number => new globalThis.Response().status;\n",
    rule: "no-restricted-globals",
  },
  { what: "a file of 301 lines", path: "src/local/long.ts", text: lines(301, "export {};"), rule: "max-lines" },
  {
    what: "a function of more than 60 lines",
    path: "src/local/tall.ts",
    text: `export function f(a: number): number {\n  let b = a;\n${lines(60, "  b += 1;")}  return b;\n}\n`,
    rule: "max-lines-per-function",
  },
  {
    what: "a note to do it later",
    path: "src/local/later.ts",
    text: "// TODO: later\nexport {};\n",
    rule: "no-warning-comments",
  },
];

test("lint: each planted violation is found in its file, and only that", async () => {
  const { code, broken } = await lint(Object.fromEntries(planted.map(({ path, text }) => [path, text])));
  expect(broken).toEqual(Object.fromEntries(planted.map(({ path, rule }) => [path, [rule]])));
  expect(code).toBe(1);
});

test("lint: what the rooms are for is allowed in them", async () => {
  const { code, broken } = await lint({
    "src/worker/edge/response.ts": "export const f = (request: Request): Response => new Response(request.body);\n",
    "src/worker/edge/log.ts": `export const f = (): void => {\n  console.error("failed");\n};\n`,
    "src/client/fetch.ts": "export const f = (url: string): Promise<Response> => fetch(url);\n",
  });
  expect(broken).toEqual({});
  expect(code).toBe(0);
});
