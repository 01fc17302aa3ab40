import { type DevProject, devStreamUrl } from "./dev-auth.ts";

/** What `dev` tells a person once the server answers. */
export interface WelcomeFacts {
  readonly url: string;
  /** Absolute. */
  readonly persistDir: string;
  /** The words that call this program in another terminal. */
  readonly program: string;
  readonly demo: boolean;
  /** Whether commands get here without being told. */
  readonly isUsual: boolean;
  /** Whether other machines reach it as well. */
  readonly isExposed: boolean;
  /** Of a guarded server: the project that commands get to. */
  readonly project: Pick<DevProject, "name" | "context" | "isActive"> | undefined;
}

/** Where the server is and commands that work as they stand. */
export function devWelcome(facts: WelcomeFacts): string {
  const { url, persistDir, program, demo, isUsual, isExposed, project } = facts;
  const at = isUsual ? "" : project === undefined ? ` --url ${url}` : ` -C ${project.context}`;
  const lines = [
    `Durable Streams at ${url}${project === undefined ? "" : ", for those who have a token"}`,
    ...(isExposed ? [EXPOSED] : []),
    `Data in ${persistDir}`,
    ...(project === undefined ? [] : [savedLine(project)]),
    "",
    "Try in a second terminal:",
    `  ${program} create hello --content-type application/json${at}`,
    `  printf '{"n":1}\\n{"n":2}\\n' | ${program} append hello${at}`,
    `  ${program} tail hello --from-start${at}`,
    "",
    ...(project === undefined ? [] : tokenLines(facts, project.name, at)),
    ...(demo ? ["The stream demo gets a message every second. Watch it with:", `  ${program} tail demo${at}`, ""] : []),
    "Ctrl-C stops the server; the data stay.",
  ];
  return lines.join("\n");
}

const EXPOSED =
  "Other machines reach it too, and tokens travel unencrypted: where others can listen, put a proxy with TLS in front.";

function savedLine({ name, context, isActive }: Pick<DevProject, "name" | "context" | "isActive">): string {
  const use = isActive ? "the active one" : `which is not the active one: use it by -C ${context}`;
  return `Project ${name}; its secret is saved for this user, with the context ${context}, ${use}`;
}

/** For programs other than this one. */
function tokenLines({ url, program }: WelcomeFacts, project: string, at: string): string[] {
  return [
    "Other programs show a token, which is made like this:",
    `  TOKEN=$(${program} mint-token --scope read --ttl 1h${at})`,
    `  curl -H "Authorization: Bearer $TOKEN" '${devStreamUrl(url, project, "hello")}?offset=-1'`,
    "",
  ];
}
