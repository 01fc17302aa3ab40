import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { usageFailure } from "../cli/command-failure.ts";
import { requireFileName, requireInputFile } from "../cli/file-error.ts";
import { jsonFault } from "../cli/json-fault.ts";
import { lifetimeFlags, lifetimeOf } from "../cli/lifetime.ts";
import type { ErrorReport } from "../cli/report.ts";
import { ServerCommand } from "../cli/server-command.ts";
import { requireContentType } from "../cli/wire-values.ts";
import { contentKind, DEFAULT_CONTENT_TYPE } from "../protocol/content-type.ts";

export default class Create extends ServerCommand {
  static override summary = "Create a stream.";
  static override description =
    "A stream that is there already with the same configuration is a success; with another one it is a conflict (exit code 5).";
  static override examples = [
    "<%= config.bin %> <%= command.id %> orders --content-type application/json",
    "<%= config.bin %> <%= command.id %> logs/today --content-type text/plain --ttl 7d",
    "<%= config.bin %> <%= command.id %> answer --content-type application/json --closed 42",
  ];

  static override args = {
    stream: stringArg({ required: true, ignoreStdin: true, description: "The stream's name, or its whole URL." }),
    data: stringArg({ ignoreStdin: true, description: "The first content; a JSON array is one message per element." }),
  };

  static override flags = {
    "content-type": string({
      summary: "What the stream holds; application/json keeps message boundaries.",
      helpValue: "TYPE",
    }),
    file: string({ summary: "Take the first content from a file; - is stdin.", helpValue: "FILE" }),
    ...lifetimeFlags(),
    public: boolean({ summary: "Let anybody read it without a token." }),
    closed: boolean({ summary: "Create it closed: the first content is all it will ever hold." }),
  };

  /** Whether the command line says what the stream holds. */
  #isTyped = true;

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Create);
    const contentType = flags["content-type"];
    if (contentType !== undefined) requireContentType(contentType);
    this.#isTyped = contentType !== undefined;
    requireFileName(flags.file, "--file");
    if (args.data !== undefined && flags.file !== undefined) {
      throw usageFailure("The first content is given twice: as an argument and by --file.", "Leave out one of them.");
    }
    const lifetime = lifetimeOf(flags);
    const url = this.streamUrl(flags, args.stream);
    if (args.data !== undefined) requireFirstContent(args.data, contentType);
    const client = await this.connect(flags, flags.file === "-");
    const body = await firstContent(args.data, flags.file);
    const { closed, public: isPublic } = flags;
    const result = await client.create(url, { contentType, ...lifetime, closed, public: isPublic, body });
    this.notices.note(`${result.created ? "Created" : "Already there:"} ${url} (${result.contentType})`);
    return { stream: url, ...result };
  }

  /** A type that nobody typed is explained. */
  protected override report(error: unknown): ErrorReport {
    const report = super.report(error);
    const isDefault = !this.#isTyped && report.message.includes(`not "${DEFAULT_CONTENT_TYPE}"`);
    if (report.code !== "STREAM_CONFIG_MISMATCH" || !isDefault) return report;
    return {
      ...report,
      hint: "That is what create asks for without --content-type: name the stream's own, as in --content-type application/json",
    };
  }
}

/** What is typed is judged here: what is read, by the server. */
function requireFirstContent(data: string, contentType = ""): void {
  if (contentKind(contentType) !== "json") return;
  const fault = jsonFault(Buffer.from(data));
  if (fault === undefined) return;
  throw usageFailure(
    `The first content is not JSON: ${fault}. Nothing was sent.`,
    "Quote it for your shell, as in '{\"id\":1}', or create a stream of another --content-type.",
  );
}

async function firstContent(data: string | undefined, file: string | undefined): Promise<Uint8Array | undefined> {
  if (file === "-") return buffer(process.stdin);
  if (file !== undefined) {
    await requireInputFile(file, "--file");
    return readFile(file);
  }
  return data === undefined ? undefined : Buffer.from(data);
}
