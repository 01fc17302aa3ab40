import { CommandFailure, usageFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";
import { readFromStdin, requireToken } from "../token.ts";
import { requireSecret } from "../tokens/secret-input.ts";
import { type Context, type Contexts, contextNamed } from "./contexts.ts";
import { credentialsProject, isOurs } from "./saved-credentials.ts";

interface AddFlags {
  readonly url?: string | undefined;
  readonly project?: string | undefined;
  readonly token?: string | undefined;
  readonly secret?: string | undefined;
  readonly "operator-secret"?: string | undefined;
  readonly force: boolean;
}

/** What opens a server or a project, as it was read. */
interface Credential {
  readonly kind: "token" | "secret" | "operator";
  readonly value: string;
}

const FLAGS = ["token", "secret", "operator-secret"] as const;

/** The context as the flags make it; what they leave out it keeps. One that is there already is changed only by force. */
export function withChanges(all: Contexts, name: string, { url, project, force }: AddFlags): Context {
  const there = contextNamed(all, name);
  if (there !== undefined && !force) {
    throw new CommandFailure({
      code: "CONTEXT_EXISTS",
      message: `There is a context ${JSON.stringify(name)} already.`,
      hint: "Choose another name, or change it with --force: what is not given stays.",
      exitCode: EXIT.conflict,
    });
  }
  const server = url ?? there?.url;
  if (server === undefined) {
    throw usageFailure("context add needs --url.", "Write it like: --url https://streams.example.com");
  }
  const chosen = project ?? there?.project;
  const context = chosen === undefined ? { ...there, url: server } : { ...there, url: server, project: chosen };
  credentialsProject(context);
  return context;
}

/** Reads the one credential that is announced. None ever stands on a command line, where process lists show it. */
export async function announcedCredential(flags: AddFlags, context: Context): Promise<Credential | undefined> {
  const [flag, more] = FLAGS.filter((name) => flags[name] !== undefined);
  if (flag === undefined) return undefined;
  if (more !== undefined) {
    throw usageFailure(
      `--${flag} and --${more} are both read from stdin, which holds one of them.`,
      "Run the command once for each, the second time with --force.",
    );
  }
  if (flags[flag] !== "-") {
    throw usageFailure(
      `--${flag} takes only -: what stands on a command line is seen by everybody on this machine.`,
      `Pipe it in with --${flag} -. If what was typed is in use, replace it.`,
    );
  }
  if (flag === "token") return { kind: "token", value: requireToken(await readFromStdin("token", "--token -")) };
  if (!isOurs(context)) {
    throw usageFailure(
      `--${flag} is for servers of durable-streams, and ${context.url} names the root of another one's streams.`,
      "Save a token with --token -, or name the server without a path.",
    );
  }
  const kind = flag === "secret" ? "project" : "operator";
  const value = requireSecret(await readFromStdin("secret", `--${flag} -`), kind, "The secret on stdin");
  return { kind: flag === "secret" ? "secret" : "operator", value };
}

const LOOPBACK = /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/;

/** Whether a URL leads to this very machine. */
export function isLoopback(url: string): boolean {
  return LOOPBACK.test(new URL(url).hostname);
}

/** What to say of a server that is reached over a network in plain text. */
export function unencryptedWarning(url: string): string | undefined {
  const { protocol, origin } = new URL(url);
  if (protocol === "https:" || isLoopback(url)) return undefined;
  return `${origin} is not encrypted: everybody on the way can read tokens and data, and use them.`;
}
