import { BINDING } from "../../cloudflare/wrangler-config.ts";
import type { WorkerVersion } from "../../cloudflare/worker-versions.ts";
import { newSecret, secretProblem } from "../../protocol/secret.ts";
import { usageFailure } from "../command-failure.ts";
import { credentialsFor } from "../config/credentials.ts";
import type { ConfigFolder } from "../config/config-folder.ts";
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

/**
 * A secret of the environment goes before a saved one, and a new one is made only where there is none, or when that is
 * asked for. A secret that the Worker has is kept, whether or not we hold it.
 */
export async function chooseOperatorSecret(
  folder: ConfigFolder,
  url: string,
  version: WorkerVersion | undefined,
  rotate: boolean,
): Promise<OperatorSecret> {
  const given = secretOfEnvironment();
  const isThere = version?.bindings.some(({ name, type }) => name === BINDING.operatorSecret && type === "secret_text");
  const held = given ?? (rotate ? undefined : (await credentialsFor(folder, url)).operatorSecret);
  const action = isThere !== true ? "create" : rotate ? "change" : "keep";
  return {
    action,
    value: held ?? (action === "keep" ? undefined : newSecret("operator")),
    isGiven: given !== undefined,
  };
}

/** `DURABLE_STREAMS_OPERATOR_SECRET`; refused where it is no secret. */
export function secretOfEnvironment(): string | undefined {
  const given = process.env[VARIABLE]?.trim();
  if (given === undefined || given === "") return undefined;
  const problem = secretProblem(given, "operator");
  if (problem === undefined) return given;
  throw usageFailure(`${VARIABLE} cannot be used: ${problem.message}`, `Correct ${VARIABLE}, or unset it.`);
}
