/** The port of the Durable Streams protocol. */
export const DEFAULT_PORT = 4437;
export const DEFAULT_HOST = "127.0.0.1";
/** Relative to the current directory. */
export const DEFAULT_PERSIST_DIR = ".durable-streams";

export type LogLevel = "error" | "warn" | "info" | "debug";

/** One message of the runtime or of the Worker's console; may hold several lines. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
}

export type LogHandler = (entry: LogEntry) => void;

export interface LocalServerOptions {
  /** The Worker to run: one self-contained ES module that exports `StreamDO`. */
  readonly workerFile: string;
  /** TCP port to listen on; 0 takes a free one. Default 4437. */
  readonly port?: number;
  /**
   * A loopback address or `localhost` (which means 127.0.0.1); with `auth` any address or name of this machine, such as
   * 0.0.0.0 for all of them. Default 127.0.0.1.
   */
  readonly host?: string;
  /** Folder for all data, made when missing. Default `.durable-streams` in the current directory. */
  readonly persistDir?: string;
  /**
   * Lets in only who has a token; the data folder keeps the secret that operators' tokens are signed with. Default: no,
   * and everybody who reaches the server may do everything.
   */
  readonly auth?: boolean;
  /** Variables of the Worker, such as `DEBUG_TIMING`. Those that decide who gets in are set by the server. */
  readonly vars?: Readonly<Record<string, string>>;
  /** Whether the platform's cache is simulated. Default: no; what would be in it lies on this very disk, in the bucket. */
  readonly edgeCache?: boolean;
  /** Receives what the runtime and the Worker have to say. Default: errors and warnings go to stderr. */
  readonly log?: LogHandler;
}

/** Who gets in. */
export type Access =
  | {
      readonly kind: "guarded";
      readonly operatorSecret: string;
      readonly signingSecrets: SigningSecrets;
    }
  | { readonly kind: "open" };

/** Signing secrets of projects that the data folder keeps, so that a server on another port still knows them. */
export interface SigningSecrets {
  get(project: string): string | undefined;
  /** Keeps one in the folder, beside the others. */
  keep(project: string, secret: string): Promise<void>;
}

/** How the runtime ended when nobody had asked it to. */
export interface RuntimeDeath {
  /** Exit code, or null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It needed more open files, such as connections, than its process may have. */
  readonly tooManyFiles: boolean;
}

export interface LocalServer {
  /** Without a trailing slash, for example `http://127.0.0.1:4437`. */
  readonly url: string;
  /** The process that holds the server and its folder: this one. Ending it ends the runtime as well. */
  readonly pid: number;
  /** The workerd process that answers the requests. */
  readonly runtimePid: number;
  /** Absolute. */
  readonly persistDir: string;
  readonly access: Access;
  /** Whether others than this machine reach it. */
  readonly reach: "loopback" | "network";
  /** Milliseconds that the parts of the start took. */
  readonly startTimings: StartTimings;
  /** Resolves when the runtime ends by itself; never when `stop()` ended it. The folder is free again by then. */
  readonly died: Promise<RuntimeDeath>;
  /** Ends everything, open connections included, within 3 s, and frees the folder. Calling it again is harmless. */
  stop(): Promise<void>;
}

export interface StartTimings {
  /** Folder, lock and port. */
  readonly prepareMs: number;
  /** Loading Miniflare; runs beside the preparation. */
  readonly importMs: number;
  /** From the options to a listening workerd. */
  readonly runtimeMs: number;
  /** First answer of the Worker. */
  readonly firstAnswerMs: number;
  readonly totalMs: number;
}

/** Prints errors and warnings to stderr, and nothing to stdout, which belongs to the caller's data. */
export function logToStderr({ level, message }: LogEntry): void {
  if (level === "error" || level === "warn") process.stderr.write(`${message}\n`);
}
