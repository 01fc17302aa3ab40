import { RESERVED_SEGMENT } from "../../protocol/path.ts";
import { credentialWords } from "../denied-access.ts";
import { streamUrl } from "../server-address.ts";
import { linesOf } from "../table.ts";
import type { CredentialUse, RequestTokens, SentWith } from "../tokens/request-tokens.ts";
import type { ConfigFolder } from "./config-folder.ts";
import type { Target, TargetSource } from "./resolve-target.ts";
import { isOurs, savedCredentials } from "./saved-credentials.ts";

/** What commands would use, and what is saved for it, without any secret. */
interface ShownTarget {
  readonly context: string | undefined;
  readonly url: string;
  readonly source: TargetSource;
  readonly project: string | undefined;
  readonly projectSource: TargetSource | undefined;
  /** Where contexts and credentials are kept. */
  readonly folder: string;
  readonly saved: {
    readonly signingKey: string | undefined;
    readonly token: boolean;
    readonly operatorKey: string | undefined;
  };
  /** What requests are sent with. */
  readonly sends: { readonly streams: CredentialUse; readonly operator: CredentialUse | undefined };
}

const SAID_BY: Readonly<Record<TargetSource, string>> = {
  flag: "by the command line",
  environment: "by the environment",
  file: "by durable-streams.jsonc in this folder",
  context: "the active one",
  default: "nobody says otherwise",
};

/** Makes the tokens of two requests and looks at where they came from: that is then what commands really do. */
export async function shownTarget(folder: ConfigFolder, target: Target, tokens: RequestTokens): Promise<ShownTarget> {
  const { context, url, source, project, projectSource } = target;
  const stream = streamUrl({ url, project }, "x");
  const operator = `${new URL(url).origin}/v1/${RESERVED_SEGMENT}/projects`;
  const { signingKey, hasToken, operatorKey } = await savedCredentials(folder, target);
  const { use: streams } = await tokens.look(stream);
  return {
    context,
    url,
    source,
    project,
    projectSource,
    folder: folder.path,
    saved: { signingKey, token: hasToken, operatorKey },
    sends: { streams, operator: isOurs(target) ? (await tokens.look(operator)).use : undefined },
  };
}

/** The same, a line for each thing. */
export function targetLines(shown: ShownTarget): string {
  const { context, url, source, project, projectSource, folder, saved, sends } = shown;
  const words = (use: CredentialUse, place: SentWith["place"]): string => credentialWords({ place, use });
  const by = (who: TargetSource | undefined): string => (who === undefined ? "" : ` (${SAID_BY[who]})`);
  const isOfContext = context !== undefined && projectSource === source;
  return linesOf([
    ["context", context === undefined ? "none" : `${context}${by(source)}`],
    ["server", `${url}${by(context === undefined ? source : undefined)}`],
    ["project", project === undefined ? "the default one" : `${project}${by(isOfContext ? undefined : projectSource)}`],
    ["for streams", words(sends.streams, { for: "foreign" })],
    ["for operators", sends.operator === undefined ? undefined : words(sends.operator, { for: "operator" })],
    ["saved", savedWords(saved)],
    ["kept in", folder],
  ]);
}

function savedWords({ signingKey, token, operatorKey }: ShownTarget["saved"]): string {
  const words = [
    signingKey === undefined ? undefined : `a signing secret (key ${signingKey})`,
    token ? "a token" : undefined,
    operatorKey === undefined ? undefined : `an operator secret (key ${operatorKey})`,
  ];
  return words.filter((word) => word !== undefined).join(", ") || "nothing";
}
