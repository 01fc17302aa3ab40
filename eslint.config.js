import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

/** `edge` and `auth` speak HTTP; what decides and what stores must be usable without it. */
const httpObjects = ["Request", "Response"];
const noHttp = "protocol, storage and segments know no HTTP objects: take what you need as plain values.";

export default defineConfig(
  { ignores: ["dist/", "dist.*/", "node_modules/", "**/fixtures/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: [
          "tsconfig.worker.json",
          "tsconfig.examples.json",
          "tsconfig.cli.json",
          "test/tsconfig.json",
          "test/worker/tsconfig.json",
        ],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/consistent-type-imports": [
        "error",
        { fixStyle: "inline-type-imports", disallowTypeAnnotations: false },
      ],
      "@typescript-eslint/consistent-type-exports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { requireDefaultForNonUnion: true, considerDefaultExhaustiveForUnions: false },
      ],
      // A number or a boolean in a message is what it looks like; objects and undefined stay forbidden.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      // `() => emitter.emit(...)` is the usual way to write a listener.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // TypeScript's noPropertyAccessFromIndexSignature asks for the brackets that this rule would take away.
      "@typescript-eslint/dot-notation": ["error", { allowIndexSignaturePropertyAccess: true }],
      // An async function without an await is how a plain answer fits an asynchronous interface, its errors included.
      "@typescript-eslint/require-await": "off",
      // The siblings of a rest are how a key is left out.
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      eqeqeq: "error",
      "no-warning-comments": ["error", { terms: ["todo", "fixme", "xxx", "hack"] }],
    },
  },
  {
    files: ["src/**"],
    rules: {
      "no-console": "error",
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    // Its console is the only log that a Worker has.
    files: ["src/worker/**"],
    rules: { "no-console": ["error", { allow: ["error"] }] },
  },
  {
    files: ["src/protocol/**", "src/worker/storage/**", "src/worker/segments/**"],
    rules: {
      "no-restricted-globals": [
        "error",
        { globals: httpObjects.map((name) => ({ name, message: noHttp })), checkGlobalObject: true },
      ],
      "@typescript-eslint/no-restricted-types": [
        "error",
        { types: Object.fromEntries(httpObjects.map((name) => [name, noHttp])) },
      ],
    },
  },
  {
    files: ["test/**"],
    rules: {
      // Fixtures and hooks of Vitest are declared by an empty pattern.
      "no-empty-pattern": ["error", { allowObjectPatternsAsParameters: true }],
      // Code points are what many tests of text are about.
      "@typescript-eslint/no-misused-spread": ["error", { allow: ["string"] }],
    },
  },
  {
    // Plain JavaScript: what JSON and argv hold has no type there, and JSDoc casts would only hide that.
    files: ["**/*.{js,mjs}"],
    rules: {
      // TypeScript checks these files as well, and knows the names.
      "no-undef": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
  {
    // What a user copies out of here stands alone, without a compiler's settings.
    files: ["examples/**/*.mjs"],
    extends: [tseslint.configs.disableTypeChecked],
  },
  {
    // Has to parse on Nodes that know little of today's syntax, and imports what only a build makes.
    files: ["bin/*.js"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { process: "readonly", URL: "readonly" } },
    rules: { "no-undef": "error", "no-var": "off" },
  },
);
