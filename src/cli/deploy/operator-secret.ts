import { BINDING } from "../../cloudflare/wrangler-config.ts";
import type { WorkerVersion } from "../../cloudflare/worker-versions.ts";
import { newSecret, secretProblem } from "../../protocol/secret.ts";
import { CommandFailure, usageFailure } from "../command-failure.ts";
import type { ConfigFolder } from "../config/config-folder.ts";
import { contextsOfServer, loadContexts } from "../config/contexts.ts";
import { credentialsFor } from "../config/credentials.ts";
import { EXIT } from "../exit-codes.ts";
import type { PlanAction } from "./plan-item.ts";

const VARIABLE = "DURABLE_STREAMS_OPERATOR_SECRET";

/** What is to happen with the deployment's operator secret. */
export interface OperatorSecret {
  readonly action: PlanAction;
  /** The one that the deployment is to have; unknown where it has one that is held elsewhere. */
  readonly value: string | undefined;
  /** Whether it comes from the environment, where somebody else looks after it. */
  readonly isGiven: boolean;
}

/** The Worker that is to have it. */
interface SecretHolder {
  /** Its name, which is that of the context too. */
  readonly name: string;
  /** Where the deployment says that it is reached. */
  readonly url: string;
  /** What is deployed; nothing where there is no such Worker yet. */
  readonly version: WorkerVersion | undefined;
}

/**
 * A secret of the environment goes before a saved one, and a new one is made only where there is none, or when that is
 * asked for. A secret that the Worker has is kept, whether or not we hold it. A rotation that was broken off is done to
 * its end, with the secret that was made for it.
 *
 * Whoever wrote the project file wrote its `url` and the Worker's code. So no secret is given to a Worker, nor saved, at
 * an address that contexts know as another server's: exit code 5.
 */
export async function chooseOperatorSecret(
  folder: ConfigFolder,
  holder: SecretHolder,
  rotate: boolean,
): Promise<OperatorSecret> {
  const { version, url } = holder;
  const given = secretOfEnvironment();
  const isThere = version?.bindings.some(({ name, type }) => name === BINDING.operatorSecret && type === "secret_text");
  const { operatorSecret: saved, nextOperatorSecret: next } = await credentialsFor(folder, url);
  const held = given ?? (rotate ? next : (next ?? saved));
  const isChange = rotate || (next !== undefined && given === undefined);
  const action = isThere !== true ? "create" : isChange ? "change" : "keep";
  if (action !== "keep" && (given ?? saved ?? next) !== undefined) await requireOwnAddress(folder, holder, action);
  return {
    action,
    value: held ?? (action === "keep" ? undefined : newSecret("operator")),
    isGiven: given !== undefined,
  };
}

/** A Worker that is there may have contexts beside its own, as for projects; one that is not there has nobody's. */
async function requireOwnAddress(
  folder: ConfigFolder,
  { name, url }: SecretHolder,
  action: "create" | "change",
): Promise<void> {
  const leading = contextsOfServer(await loadContexts(folder), url);
  const other = leading.find((each) => each !== name);
  if (other === undefined || (action === "change" && leading.includes(name))) return;
  const { origin } = new URL(url);
  throw new CommandFailure({
    code: "ADDRESS_OF_ANOTHER_SERVER",
    message: `The Worker ${name} would get an operator secret for ${origin}, which is the server of the context ${other} already: its secret would be known to the code of this Worker, or be replaced.`,
    hint: `If you did not write this project file, look at its url and main first. Otherwise correct url, or, where ${other} is this very deployment: durable-streams context remove ${other}`,
    exitCode: EXIT.conflict,
  });
}

/** `DURABLE_STREAMS_OPERATOR_SECRET`; refused where it is no secret. */
export function secretOfEnvironment(): string | undefined {
  const given = process.env[VARIABLE]?.trim();
  if (given === undefined || given === "") return undefined;
  const problem = secretProblem(given, "operator");
  if (problem === undefined) return given;
  throw usageFailure(`${VARIABLE} cannot be used: ${problem.message}`, `Correct ${VARIABLE}, or unset it.`);
}
