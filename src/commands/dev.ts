import { boolean, integer, string } from "@oclif/core/flags";
import path from "node:path";
import { BaseCommand } from "../cli/base-command.ts";
import { callWords } from "../cli/call-words.ts";
import { devFailure, runtimeDied } from "../cli/dev-failures.ts";
import { parseVariables, VARIABLES_HELP, variableWarnings } from "../cli/dev-variables.ts";
import { devWelcome } from "../cli/dev-welcome.ts";
import { interruptSignal } from "../cli/interrupt.ts";
import { DEFAULT_SERVER_URL } from "../cli/server-address.ts";
import { writeOutput } from "../cli/standard-output.ts";
import { DEFAULT_HOST, DEFAULT_PERSIST_DIR, DEFAULT_PORT } from "../local/options.ts";
import type { Demo } from "../local/demo.ts";
import type { LocalServer, LogEntry, RuntimeDeath } from "../local/options.ts";

export default class Dev extends BaseCommand {
  static override summary = "Run a complete server on this machine, with its data in one folder.";

  static override description = `Needs no account. Everybody on this machine may read and change every stream, so it listens on loopback addresses only.
Ctrl-C or SIGTERM ends it in order, with exit code 0; a second one ends it on the spot. What was acknowledged is on disk either way.
With --json one line {"url":...,"pid":...} on stdout says that it answers.

Variables for --var:
${VARIABLES_HELP}`;

  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --demo",
    "<%= config.bin %> <%= command.id %> --port 0 --json",
    "<%= config.bin %> <%= command.id %> --var DEBUG_TIMING=1",
  ];

  static override flags = {
    port: integer({ summary: "TCP port; 0 takes a free one.", default: DEFAULT_PORT, min: 0, max: 65_535 }),
    host: string({ summary: "Loopback address to listen on.", default: DEFAULT_HOST }),
    persist: string({ summary: "Folder for all data.", helpValue: "DIR", default: DEFAULT_PERSIST_DIR }),
    demo: boolean({ summary: "Append a message to the stream `demo` every second." }),
    var: string({
      summary: "Set a variable of the Worker, such as SEGMENT_MAX_MESSAGES=100; may be repeated for others.",
      helpValue: "NAME=VALUE",
      multiple: true,
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Dev);
    const vars = parseVariables(flags.var ?? []);
    const interrupt = interruptSignal();
    const interrupted = aborted(interrupt.signal);
    this.notices.detail(`Starting on ${flags.host}, port ${flags.port}, with the data in ${flags.persist}.`);
    // Loaded here, so that help and usage errors do not wait for it.
    const { startLocalServer } = await import("../local/start-local-server.ts");
    const server = await startLocalServer({
      workerFile: path.join(this.config.root, "dist", "worker", "server.js"),
      port: flags.port,
      host: flags.host,
      persistDir: flags.persist,
      vars,
      log: (entry) => {
        this.passOn(entry);
      },
    }).catch((error: unknown) => {
      throw devFailure(error);
    });
    for (const warning of variableWarnings(Object.keys(vars))) this.notices.warning(warning);
    await this.announce(server, flags.demo);
    const demo = flags.demo && !interrupt.signal.aborted ? await this.startDemo(server) : undefined;
    const death = await Promise.race([interrupted, server.died]);
    await demo?.stop();
    await server.stop();
    // Ctrl-C in a terminal reaches the runtime directly, and it may be gone before we have heard of it.
    if (isFailure(death)) throw runtimeDied(death, server.persistDir);
    this.notices.note(`Stopped. The data stay in ${server.persistDir}.`);
  }

  private async announce(server: LocalServer, demo: boolean): Promise<void> {
    const { importMs, prepareMs, runtimeMs, firstAnswerMs, totalMs } = server.startTimings;
    this.notices.detail(
      `Ready after ${totalMs.toFixed(0)} ms: folder ${prepareMs.toFixed(0)}, Miniflare loaded ${importMs.toFixed(0)}, ` +
        `workerd ${runtimeMs.toFixed(0)}, first answer ${firstAnswerMs.toFixed(0)}.`,
    );
    if (this.jsonEnabled()) {
      await writeOutput(`${JSON.stringify({ url: server.url, pid: server.pid })}\n`);
      return;
    }
    const program = callWords({
      env: process.env,
      script: process.argv[1] ?? "durable-streams",
      node: process.execPath,
      cwd: process.cwd(),
    });
    const usualUrl = process.env["DURABLE_STREAMS_URL"] ?? DEFAULT_SERVER_URL;
    this.notices.note(devWelcome({ url: server.url, persistDir: server.persistDir, program, demo, usualUrl }));
  }

  private async startDemo(server: LocalServer): Promise<Demo> {
    const { startDemo } = await import("../local/demo.ts");
    return startDemo({
      url: server.url,
      onProblem: (problem) => {
        this.notices.warning(`The demo could not append and goes on trying: ${problem}`);
      },
    });
  }

  private passOn({ level, message }: LogEntry): void {
    if (level === "error" || level === "warn") process.stderr.write(`${message}\n`);
    else this.notices.detail(message);
  }
}

function isFailure(death: RuntimeDeath | undefined): death is RuntimeDeath {
  return death !== undefined && death.signal !== "SIGINT";
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => {
      resolve(undefined);
    });
  });
}
