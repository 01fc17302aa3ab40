// Every command that a document tells a reader to type is typed, in order, against a real server. What cannot be run here is
// named in support/plan.ts, with the reason; what is not named there is run, so no new block can slip by.
import { describe, expect, test } from "vitest";
import { userDocuments } from "./support/documents.ts";
import { isChosen, NOT_RUN, ON_CLOUDFLARE, shellBlocks } from "./support/plan.ts";
import { followBlock } from "./support/follow-block.ts";
import { Reader } from "./support/reader.ts";
import { commandsOf } from "./support/shell.ts";

/** Blocks that hold no commands. */
const OTHER_LANGUAGES = new Set(["ts", "json", "jsonc", "xxd", "text", ""]);

/** How each command is called stands there in `text`. */
const REFERENCE = "docs/commands.md";

const COMMAND = /^\s*(?:\$ )?(?:npx|npm|node|curl|durable-streams|wrangler) /m;

const documents = await userDocuments();
const all = documents.flatMap(shellBlocks);
const here = all.filter((block) => !isChosen(block, NOT_RUN) && !isChosen(block, ON_CLOUDFLARE));

describe("documents: their commands", () => {
  test("stand in blocks of sh, where they are run, and in no other block", () => {
    const others = documents.flatMap(({ path, blocks, prose }) => {
      const hidden = blocks.filter(
        ({ language, text }) => language !== "sh" && path !== REFERENCE && COMMAND.test(text),
      );
      const strange = blocks.filter(({ language }) => language !== "sh" && !OTHER_LANGUAGES.has(language));
      const indented = prose.split("\n").filter((line) => line.startsWith("    ") && COMMAND.test(line));
      return [...[...hidden, ...strange].map(({ line }) => `${path}:${String(line)}`), ...indented];
    });
    expect(others).toEqual([]);
  });

  test("are run here or elsewhere, or not, each by one line of the plan that means something", () => {
    for (const choice of [...NOT_RUN, ...ON_CLOUDFLARE]) {
      const chosen = all.filter((block) => isChosen(block, [choice]));
      expect({ choice, blocks: chosen.length > 0 && (choice.begins === undefined || chosen.length === 1) }).toEqual({
        choice,
        blocks: true,
      });
    }
    expect(all.filter((block) => isChosen(block, NOT_RUN) && isChosen(block, ON_CLOUDFLARE))).toEqual([]);
    expect(here.length).toBeGreaterThan(15);
  });

  test("a block is divided into whole commands", () => {
    expect(commandsOf("# first\na 1 \\\n  2\n\nb '{\n  x }'\nfor i in 1; do\n  c\ndone\n")).toEqual([
      "a 1 \\\n  2",
      "b '{\n  x }'",
      "for i in 1; do\n  c\ndone",
    ]);
  });
});

const byDocument = Map.groupBy(here, ({ document }) => document);

describe("documents: a reader who follows them", () => {
  test.for([...byDocument])("%s: every command does what it should", async ([, blocks]) => {
    const reader = await Reader.arrive();
    try {
      await reader.startUsualServer();
      for (const block of blocks) await followBlock(reader, block);
    } finally {
      await reader.leave();
    }
  });

  test("a command that fails is seen", async () => {
    const reader = await Reader.arrive();
    try {
      expect((await reader.follow("false")).code).toBe(1);
      expect((await reader.follow("npx something-else")).code).toBe(127);
      expect((await reader.follow("X=1 && cd ..")).code).toBe(0);
      expect(await reader.follow('echo "$X $(basename "$PWD" | cut -c1-15)"')).toEqual({
        code: 0,
        output: "1 durable-streams\n",
      });
    } finally {
      await reader.leave();
    }
  });
});
