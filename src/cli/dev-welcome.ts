/** What `dev` tells a person once the server answers. */
export interface WelcomeFacts {
  readonly url: string;
  /** Absolute. */
  readonly persistDir: string;
  /** The words that call this program in another terminal. */
  readonly program: string;
  readonly demo: boolean;
  /** Where commands look for a server when they are not told another. */
  readonly usualUrl: string;
  /** Of a guarded server: how to get in. */
  readonly guard?: GuardFacts | undefined;
}

export interface GuardFacts {
  readonly project: string;
  readonly context: string;
  /** Whether commands use the context without being told. */
  readonly isActive: boolean;
  /** Of a stream `hello` in the project. */
  readonly streamUrl: string;
  /** Whether other machines reach it as well. */
  readonly isExposed: boolean;
}

/** Where the server is and commands that work as they stand. */
export function devWelcome(facts: WelcomeFacts): string {
  const { url, persistDir, program, demo, usualUrl, guard } = facts;
  const at =
    guard === undefined ? (url === usualUrl ? "" : ` --url ${url}`) : guard.isActive ? "" : ` -C ${guard.context}`;
  const lines = [
    `Durable Streams at ${url}${guard === undefined ? "" : ", for those who have a token"}`,
    ...(guard?.isExposed === true ? [EXPOSED] : []),
    `Data in ${persistDir}`,
    ...(guard === undefined ? [] : [savedLine(guard)]),
    "",
    "Try in a second terminal:",
    `  ${program} create hello --content-type application/json${at}`,
    `  printf '{"n":1}\\n{"n":2}\\n' | ${program} append hello${at}`,
    `  ${program} tail hello --from-start${at}`,
    "",
    ...(guard === undefined ? [] : tokenLines(guard, program, at)),
    ...(demo ? ["The stream demo gets a message every second. Watch it with:", `  ${program} tail demo${at}`, ""] : []),
    "Ctrl-C stops the server; the data stay.",
  ];
  return lines.join("\n");
}

const EXPOSED =
  "Other machines reach it too, and tokens travel unencrypted: where others can listen, put a proxy with TLS in front.";

function savedLine({ project, context, isActive }: GuardFacts): string {
  const use = isActive ? "which is the active one" : `to be used by -C ${context}, or by: context use ${context}`;
  return `Project ${project}; its secret is saved for this user, under the context ${context}, ${use}.`;
}

/** For programs other than this one. */
function tokenLines({ project, streamUrl }: GuardFacts, program: string, at: string): string[] {
  return [
    "Other programs show a token, which is made like this:",
    `  TOKEN=$(${program} mint-token --project ${project} --scope read --ttl 1h${at})`,
    `  curl -H "Authorization: Bearer $TOKEN" '${streamUrl}?offset=-1'`,
    "",
  ];
}
