import { describe, expect, it } from "vitest";
import { referenceOf } from "../../scripts/lib/command-reference.mjs";
import { manPage, troff } from "../../scripts/lib/man-page.mjs";
import { markdownReference, paragraphs } from "../../scripts/lib/markdown-reference.mjs";

const PACKAGE = { version: "1.2.3", description: "Streams.", oclif: { bin: "ds" } };

const READ = {
  id: "topic:read",
  summary: "Print a|b.",
  description: "One *line*.\n  as  it is\n  too\nLast.",
  examples: ["<%= config.bin %> <%= command.id %> x"],
  strict: false,
  args: { from: { name: "from", required: true }, stream: { name: "stream", description: "Which." } },
  flags: {
    json: { name: "json", type: "boolean", helpGroup: "GLOBAL", summary: "As JSON." },
    url: { name: "url", type: "option", helpGroup: "GLOBAL", helpValue: "URL", env: "DS_URL" },
    format: {
      name: "format",
      char: "f",
      type: "option",
      options: ["raw", "json"],
      exclusive: ["json"],
      default: "raw",
    },
    to: { name: "to", type: "option", helpValue: "FILE", required: true, summary: "Where to.", multiple: true },
    force: { name: "force", type: "boolean", dependsOn: ["to"], default: false, summary: "Even so." },
    secret: { name: "secret", type: "boolean", hidden: true },
  },
} as const;

const reference = referenceOf({ commands: { read: READ, hidden: { ...READ, id: "x", hidden: true } } }, PACKAGE);

describe("the reference of the commands", () => {
  it("has arguments, flags with their defaults and company, examples and exit codes; hidden things are not in it", () => {
    const [page, ...others] = reference.commands;
    expect(others).toEqual([]);
    expect(page).toMatchObject({
      name: "topic read",
      usage: "ds topic read FROM [STREAM...] --to FILE [flags]",
      args: [
        { term: "FROM", about: "" },
        { term: "STREAM", about: "Which." },
      ],
      flags: [
        { term: "-f, --format raw|json", about: "Not with --json. Default: raw." },
        { term: "--to FILE", about: "Where to. May be given several times." },
        { term: "--force", about: "Even so. Only with --to." },
      ],
      examples: ["ds topic read x"],
    });
    expect(reference.globals.map(({ term }) => term)).toEqual(["--json", "--url URL"]);
    expect(reference.environment[0]).toEqual({ term: "DS_URL", about: "What --url says where it is not given." });
    expect(reference.exitCodes.map(({ term }) => term)).toEqual([
      "0",
      "1",
      "2",
      "3",
      "4",
      "5",
      "6",
      "7",
      "8",
      "130",
      "143",
    ]);
  });

  it("in Markdown text stays text, indented lines stay as they are, and cells stay in their tables", () => {
    expect(paragraphs(READ.description)).toEqual([String.raw`One \*line\*.`, "```text\nas  it is\ntoo\n```", "Last."]);
    const page = markdownReference(reference);
    expect(page).toContain("[`topic read`](#topic-read)");
    expect(page).toContain(String.raw`| Print a\|b. |`);
    expect(page).toContain("| `-f, --format raw\\|json` |");
    expect(page).toContain("```sh\nds topic read x\n```");
  });

  it("in the manual page a list of JSON keys may be broken between two of them", () => {
    expect(troff('{"a","b"}')).toBe(String.raw`{\(dqa\(dq,\:\(dqb\(dq}`);
  });

  it("in the manual page nothing is taken for a request of troff", () => {
    expect(troff(".TH it's -x \\n ~^`")).toBe(String.raw`\&.TH it\(aqs \-x \en \(ti\(ha\(ga`);
    expect(troff("'quoted'")).toBe(String.raw`\(aqquoted\(aq`);
    const page = manPage(reference);
    const known = /^\.(?:\\"|TH|SH|SS|TP|B|I|PP|RS|RE|nf|fi|br|nh|ad)(?: |$)/;
    expect(page.split("\n").filter((line) => /^[.']/.test(line) && !known.test(line))).toEqual([]);
    expect(page).toContain('.SS "topic read"');
    expect(page).toContain(String.raw`.B \-\-to FILE`);
  });
});
