import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { ask } from "../cli/ask.ts";
import { CommandFailure, usageFailure } from "../cli/command-failure.ts";
import { confirm } from "../cli/confirm.ts";
import { EXIT } from "../cli/exit-codes.ts";
import { deleteStreams, type Deletions } from "../cli/listing/delete-streams.ts";
import { deletionSummary, streamsBelow } from "../cli/listing/deletion-words.ts";
import { listedNames } from "../cli/listing/listed-names.ts";
import { openDataOutput } from "../cli/reading/data-output.ts";
import { ServerCommand } from "../cli/server-command.ts";
import { visibleLine } from "../client/visible-text.ts";

const PROGRESS_EVERY = 1000;

/** How long a deletion is repeated while the server cannot be reached. */
const GIVE_UP_AFTER_MS = 30_000;

interface DeleteFlags {
  readonly url: string;
  readonly project?: string | undefined;
  readonly token?: string | undefined;
  readonly yes: boolean;
  readonly json?: boolean | undefined;
}

export default class Delete extends ServerCommand {
  static override summary = "Delete a stream, or all with a prefix, and all their data.";
  static override description = `--prefix deletes every stream whose name begins so; --dry-run prints which those are. Broken off anywhere, the next run goes on. It needs a durable-streams server: the protocol has no list of streams.`;
  static override examples = [
    "<%= config.bin %> <%= command.id %> orders --yes",
    "<%= config.bin %> <%= command.id %> --prefix tests/ --dry-run",
    "<%= config.bin %> <%= command.id %> --prefix tests/ --yes",
  ];

  static override args = {
    stream: stringArg({ ignoreStdin: true, description: "The stream's name, or its whole URL." }),
  };

  static override flags = {
    prefix: string({ summary: "Delete every stream whose name begins so.", helpValue: "PREFIX" }),
    "dry-run": boolean({ summary: "Print the names of the streams, and delete nothing.", dependsOn: ["prefix"] }),
    yes: boolean({ char: "y", summary: "Do not ask first." }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Delete);
    const { prefix } = flags;
    const { stream } = args;
    if (prefix === undefined && stream !== undefined) return this.#deleteStream(stream, flags);
    if (prefix === undefined) {
      throw usageFailure(
        `delete needs STREAM, or --prefix PREFIX: ${this.config.bin} delete STREAM`,
        `See: ${this.config.bin} delete --help`,
      );
    }
    if (stream !== undefined) {
      throw usageFailure("A stream and --prefix are two deletions.", "Leave out one of them.");
    }
    if (prefix === "") {
      throw usageFailure("--prefix is empty, and every name begins so.", "Name what the streams' names begin with.");
    }
    return flags["dry-run"] ? this.#print(prefix, flags) : this.#deleteAll(prefix, flags);
  }

  async #deleteStream(stream: string, flags: DeleteFlags): Promise<unknown> {
    const url = this.streamUrl(flags, stream);
    if (!flags.yes) await this.#ask(url);
    const client = await this.connect(flags);
    await client.delete(url);
    this.notices.note(`Deleted ${url}`);
    return { stream: url, deleted: true };
  }

  async #ask(url: string): Promise<void> {
    this.#requireSomebody(`Deleting ${url} destroys its data`);
    if (await confirm(`Delete ${url} and all its data?`)) return;
    throw notConfirmed();
  }

  async #print(prefix: string, flags: DeleteFlags): Promise<unknown> {
    const client = await this.connect(flags);
    const streams: string[] = [];
    const output = openDataOutput();
    for await (const names of client
      .directory(this.streamRoot(flags))
      .names({ prefix, signal: this.interruptSignal() })) {
      if (flags.json === true) streams.push(...names);
      else await output.write(names.map((name) => `${name}\n`).join(""));
    }
    return { prefix, streams };
  }

  async #deleteAll(prefix: string, flags: DeleteFlags): Promise<unknown> {
    if (!flags.yes) this.#requireSomebody(`Deleting all streams below ${JSON.stringify(prefix)} destroys their data`);
    const client = await this.connect(flags);
    const signal = flags.yes ? this.interruptSignal() : undefined;
    const names = listedNames(client, { root: this.streamRoot(flags), prefix, signal });
    const paths = flags.yes ? names : await this.#confirmed(prefix, names);
    const done = await deleteStreams(paths, {
      client,
      urlOf: (path) => this.namedStreamUrl(flags, path),
      retry: { giveUpAfterMs: GIVE_UP_AFTER_MS, onRetry: this.noteRetry },
      signal: this.interruptSignal(),
      onProgress: (deleted) => {
        if (deleted % PROGRESS_EVERY === 0) this.notices.note(`  ${String(deleted)} streams`);
      },
    });
    return this.#tell(prefix, done);
  }

  /** What is asked about is what goes: streams that are created meanwhile stay. */
  async #confirmed(prefix: string, names: AsyncIterable<string>): Promise<AsyncIterable<string>> {
    const paths: string[] = [];
    for await (const path of names) paths.push(path);
    if (paths.length > 0) {
      this.notices.warning(`This deletes ${streamsBelow(prefix, paths)}`);
      if ((await ask(`Type the prefix (${prefix}) to delete them and all their data:`)) !== prefix.trim()) {
        throw notConfirmed();
      }
    }
    return each([paths]);
  }

  #tell(prefix: string, done: Deletions): unknown {
    const { deleted, alreadyGone, failed, failures } = done;
    this.notices.note(deletionSummary(prefix, done));
    for (const { path, error } of failures) {
      this.notices.warning(`${visibleLine(path)} was not deleted: ${error.message}`);
    }
    if (failed > 0) process.exitCode = EXIT.failure;
    const told = failures.map(({ path, error: { code, message } }) => ({ path, code, message }));
    return { prefix, deleted, alreadyGone, failed, failures: told };
  }

  #requireSomebody(what: string): void {
    if (!this.mayAsk) throw usageFailure(`${what}, and there is nobody to ask.`, "Confirm with --yes.");
  }
}

function notConfirmed(): CommandFailure {
  return new CommandFailure({ code: "NOT_CONFIRMED", message: "Nothing was deleted." });
}

async function* each(pages: AsyncIterable<readonly string[]> | Iterable<readonly string[]>): AsyncGenerator<string> {
  for await (const page of pages) yield* page;
}
