import { boolean, integer, string } from "@oclif/core/flags";
import path from "node:path";
import { BaseCommand } from "../cli/base-command.ts";
import { callWords } from "../cli/call-words.ts";
import { type DevProject, devStreamUrl, leadsTo, openDevProject, streamTokens } from "../cli/dev-auth.ts";
import { devFailure, runtimeDied } from "../cli/dev-failures.ts";
import { devFileNotes, readDevFile } from "../cli/dev-file.ts";
import { parseVariables, VARIABLES_HELP, variableWarnings } from "../cli/dev-variables.ts";
import { devWelcome } from "../cli/dev-welcome.ts";
import { interruptSignal } from "../cli/interrupt.ts";
import { requireProjectName } from "../cli/projects/project-name.ts";
import { writeOutput } from "../cli/standard-output.ts";
import { DEFAULT_HOST, DEFAULT_PERSIST_DIR, DEFAULT_PORT } from "../local/options.ts";
import { DEFAULT_PROJECT } from "../protocol/path.ts";
import type { Demo } from "../local/demo.ts";
import type { LocalServer, LogEntry, RuntimeDeath } from "../local/options.ts";

const DEMO_STREAM = "demo";

interface DevFlags {
  readonly port: number;
  readonly host: string;
  readonly persist: string;
  readonly auth: boolean;
  readonly project?: string | undefined;
  readonly demo: boolean;
  readonly var?: readonly string[] | undefined;
}

export default class Dev extends BaseCommand {
  static override summary = "Run a complete server on this machine, with its data in one folder.";

  static override description = `Needs no account. Everybody on this machine may read and change every stream, so it listens on loopback addresses only.
With --auth it lets in only who has a token, and may listen on any address. It makes a first project, and saves its secret and a context for the commands of this user.
Ctrl-C or SIGTERM ends it in order, with exit code 0; a second one ends it on the spot. What was acknowledged is on disk either way.
With --json one line {"url":...,"pid":...} on stdout says that it answers; with --auth it names the project and the context too.
In a folder with a durable-streams.jsonc its variables are taken; --var goes before them.

Variables for --var:
${VARIABLES_HELP}`;

  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --demo",
    "<%= config.bin %> <%= command.id %> --auth",
    "<%= config.bin %> <%= command.id %> --port 0 --json",
    "<%= config.bin %> <%= command.id %> --var DEBUG_TIMING=1",
  ];

  static override flags = {
    port: integer({ summary: "TCP port; 0 takes a free one.", default: DEFAULT_PORT, min: 0, max: 65_535 }),
    host: string({ summary: "Loopback address to listen on; with --auth any address or name.", default: DEFAULT_HOST }),
    persist: string({ summary: "Folder for all data.", helpValue: "DIR", default: DEFAULT_PERSIST_DIR }),
    auth: boolean({ summary: "Let in only who has a token." }),
    project: string({
      summary: `The first project (default: ${DEFAULT_PROJECT}).`,
      helpValue: "NAME",
      dependsOn: ["auth"],
    }),
    demo: boolean({ summary: "Append a message to the stream `demo` every second." }),
    var: string({
      summary: "Set a variable of the Worker, such as SEGMENT_MAX_MESSAGES=100; may be repeated for others.",
      helpValue: "NAME=VALUE",
      multiple: true,
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Dev);
    const project = requireProjectName(flags.project ?? DEFAULT_PROJECT);
    const given = parseVariables(flags.var ?? []);
    const interrupt = interruptSignal();
    const interrupted = aborted(interrupt.signal);
    this.notices.detail(`Starting on ${flags.host}, port ${flags.port}, with the data in ${flags.persist}.`);
    const server = await this.start(flags, given);
    for (const warning of variableWarnings(Object.keys(given))) this.notices.warning(warning);
    try {
      const guarded = await this.openProject(server, project);
      await this.announce(server, flags.demo, guarded);
      const demo = flags.demo && !interrupt.signal.aborted ? await this.startDemo(server, guarded) : undefined;
      const death = await Promise.race([interrupted, server.died]);
      await demo?.stop();
      await server.stop();
      // Ctrl-C in a terminal reaches the runtime directly, and it may be gone before we have heard of it.
      if (isFailure(death)) throw runtimeDied(death, server.persistDir);
    } finally {
      await server.stop();
    }
    this.notices.note(`Stopped. The data stay in ${server.persistDir}.`);
  }

  private async start(flags: DevFlags, given: Readonly<Record<string, string>>): Promise<LocalServer> {
    // Loaded here, so that help and usage errors do not wait for it.
    const { RESERVED_VARIABLES, startLocalServer } = await import("../local/start-local-server.ts");
    const file = await readDevFile(process.cwd());
    const passedOver = Object.keys(file.vars).filter((name) => RESERVED_VARIABLES.includes(name));
    for (const note of devFileNotes(file, given, passedOver)) this.notices.note(note);
    const taken = Object.entries(file.vars).filter(([name]) => !passedOver.includes(name));
    return startLocalServer({
      workerFile: path.join(this.config.root, "dist", "worker", "server.js"),
      port: flags.port,
      host: flags.host,
      persistDir: flags.persist,
      auth: flags.auth,
      vars: { ...Object.fromEntries(taken), ...given },
      log: (entry) => {
        this.passOn(entry);
      },
    }).catch((error: unknown) => {
      throw devFailure(error);
    });
  }

  /** Of a guarded server; an open one has no projects, only names of them. */
  private async openProject(server: LocalServer, name: string): Promise<DevProject | undefined> {
    const { access } = server;
    if (access.kind === "open") return undefined;
    const project = await openDevProject(server, access, name, this.configFolder);
    if (project.secret === undefined) {
      const rotate = `durable-streams projects rotate ${name} -C ${project.context}`;
      this.notices.warning(
        `There is a project "${name}" already, and its signing secret is not saved here. Give it a new one: ${rotate}`,
      );
    }
    return project;
  }

  private async announce(server: LocalServer, demo: boolean, guarded: DevProject | undefined): Promise<void> {
    const { importMs, prepareMs, runtimeMs, firstAnswerMs, totalMs } = server.startTimings;
    this.notices.detail(
      `Ready after ${totalMs.toFixed(0)} ms: folder ${prepareMs.toFixed(0)}, Miniflare loaded ${importMs.toFixed(0)}, ` +
        `workerd ${runtimeMs.toFixed(0)}, first answer ${firstAnswerMs.toFixed(0)}.`,
    );
    if (this.jsonEnabled()) {
      const { url, pid } = server;
      const more = guarded === undefined ? {} : { project: guarded.name, context: guarded.context };
      await writeOutput(`${JSON.stringify({ url, pid, ...more })}\n`);
      return;
    }
    const program = callWords({
      env: process.env,
      script: process.argv[1] ?? "durable-streams",
      node: process.execPath,
      cwd: process.cwd(),
    });
    const { url, persistDir } = server;
    const isUsual = await leadsTo(url, guarded?.name, this.configFolder);
    const isExposed = server.reach === "network";
    this.notices.note(devWelcome({ url, persistDir, program, demo, isUsual, isExposed, project: guarded }));
  }

  private async startDemo({ url }: LocalServer, guarded: DevProject | undefined): Promise<Demo | undefined> {
    // Without its secret there is nothing to append with, which has been said.
    if (guarded !== undefined && guarded.secret === undefined) return undefined;
    const { startDemo } = await import("../local/demo.ts");
    return startDemo({
      stream: devStreamUrl(url, guarded?.name ?? DEFAULT_PROJECT, DEMO_STREAM),
      token: guarded?.secret === undefined ? undefined : streamTokens(guarded.secret, guarded.name, DEMO_STREAM),
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
