import { string as stringArg } from "@oclif/core/args";
import { boolean, integer, string } from "@oclif/core/flags";
import { appendInput, type AppendSummary } from "../cli/append/append-input.ts";
import { chooseSource } from "../cli/append/input.ts";
import { INPUT_KINDS } from "../cli/append/input-kind.ts";
import { ProgressLine } from "../cli/append/progress.ts";
import { ServerCommand } from "../cli/server-command.ts";
import { requireHeaderText } from "../cli/wire-values.ts";
import { BODY_MAX_BYTES } from "../protocol/limits.ts";

/** How long an append keeps trying while the server cannot be reached. */
const GIVE_UP_AFTER_MS = 60_000;

/** An append that is under way at Ctrl-C is waited for, as its answer decides what the checkpoint says. */
const ANSWER_IS_LATE_MS = 1_000;

export default class Append extends ServerCommand {
  static override summary = "Append messages from the command line, a file or stdin.";

  static override description = `Every append is idempotent: a request that is repeated because its answer was lost is stored once. With --checkpoint that holds across crashes of this command too: run it again with the same input, from its beginning, and every message is there exactly once. A checkpoint belongs to one stream and one input; input that has grown since is continued.

--input says how input becomes messages:
  raw     bytes as they are (not for JSON streams)
  lines   a line is a message; on a JSON stream it becomes a JSON string, elsewhere it keeps its line end
  ndjson  a line is one JSON text, sent as it is; blank lines are skipped; a line that is not JSON stops the command
  json    all input is one JSON text; a top-level array is one message per element
Default on a JSON stream: json for an argument or a *.json file, otherwise ndjson. On a text stream: raw for an argument, otherwise lines. On any other: raw.

The next offset and the counts go to stderr, or with --json to stdout.`;

  static override examples = [
    `<%= config.bin %> <%= command.id %> orders '{"id":1}'`,
    "tail -F app.log | <%= config.bin %> <%= command.id %> logs/app",
    "<%= config.bin %> <%= command.id %> orders --file orders.ndjson --checkpoint orders.pos",
    `<%= config.bin %> <%= command.id %> orders '{"id":2}' --close`,
  ];

  static override args = {
    stream: stringArg({ required: true, ignoreStdin: true, description: "The stream's name, or its whole URL." }),
    data: stringArg({ ignoreStdin: true, description: "What to append (default: stdin)." }),
  };

  static override flags = {
    file: string({ summary: "Read from a file; - is stdin.", helpValue: "FILE" }),
    input: string({ summary: "How input becomes messages.", options: [...INPUT_KINDS] }),
    linger: integer({
      summary: "Wait so many milliseconds for more input before sending a batch that is not full.",
      default: 20,
      min: 0,
      max: 60_000,
    }),
    "batch-bytes": integer({
      summary: "Send at most so many bytes in one append; a single larger message goes alone.",
      default: 1_048_576,
      min: 1,
      max: BODY_MAX_BYTES,
    }),
    "producer-id": string({
      summary: "Write under this name; a later run under it fences this one off.",
      helpValue: "ID",
    }),
    checkpoint: string({
      summary: "Keep in this file what is needed to go on exactly after a crash.",
      helpValue: "FILE",
    }),
    "stream-seq": string({
      summary: "Stream-Seq of this append: refused unless greater, bytewise, than every earlier one.",
      helpValue: "SEQ",
    }),
    close: boolean({ summary: "Close the stream with the last message.", default: false }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Append);
    const source = chooseSource(args.data, flags.file);
    for (const flag of ["producer-id", "stream-seq"] as const) {
      const text = flags[flag];
      if (text !== undefined) requireHeaderText(text, `--${flag}`);
    }
    const url = this.streamUrl(flags, args.stream);
    const client = await this.connect(flags, source.from === "stdin");
    const showProgress = process.stderr.isTTY && source.from !== "argument" && !flags.quiet;
    const progress = showProgress ? new ProgressLine() : undefined;
    const kind = INPUT_KINDS.find((each) => each === flags.input);
    const signal = this.interruptSignal();
    let late: NodeJS.Timeout | undefined;
    signal.addEventListener("abort", () => {
      late = setTimeout(() => {
        this.notices.note("Waiting for the answer to what was sent last. Another Ctrl-C ends it on the spot.");
      }, ANSWER_IS_LATE_MS);
    });
    try {
      const summary = await appendInput(client, url, {
        source,
        kind,
        batchBytes: flags["batch-bytes"],
        lingerMs: flags.linger,
        producerId: flags["producer-id"],
        checkpoint: flags.checkpoint,
        streamSeq: flags["stream-seq"],
        close: flags.close,
        signal,
        retry: { giveUpAfterMs: GIVE_UP_AFTER_MS, onRetry: this.noteRetry },
        onProgress: (soFar) => {
          progress?.update(soFar);
        },
      });
      progress?.clear();
      this.#report(url, summary);
      return { stream: url, ...summary };
    } finally {
      clearTimeout(late);
      progress?.clear();
    }
  }

  #report(url: string, summary: AppendSummary): void {
    const { messages, messagesAlreadyThere, bytes, nextOffset, closed, interrupted, resumedAtBytes, input } = summary;
    if (interrupted) process.exitCode = this.interruptExitCode;
    if (messages === 0 && bytes === 0 && messagesAlreadyThere === 0 && resumedAtBytes > 0 && !interrupted && !closed) {
      this.notices.note(
        `Nothing new to append: the ${String(resumedAtBytes)} bytes that came before are all in ${url}`,
      );
      return;
    }
    const already = messagesAlreadyThere === 0 ? "" : `, besides ${String(messagesAlreadyThere)} already there,`;
    const resumed = resumedAtBytes > 0 ? ` (going on after ${String(resumedAtBytes)} bytes)` : "";
    const tail = nextOffset === undefined ? "" : `, next offset ${nextOffset}`;
    const messageCount = `${String(messages)} message${messages === 1 ? "" : "s"}`;
    const count = input === "raw" ? `${String(bytes)} bytes` : messageCount;
    this.notices.note(
      `${interrupted ? "Interrupted: appended" : "Appended"} ${count}${already} to ${url}${resumed}${tail}${closed ? ", closed" : ""}`,
    );
  }
}
