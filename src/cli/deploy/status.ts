import type { Release } from "../../cloudflare/release.ts";
import { isClientError } from "../../client/errors/client-error.ts";
import { CommandFailure } from "../command-failure.ts";
import type { DeployOptions } from "./deploy-options.ts";
import { glanceAt } from "./deployed-server.ts";
import type { PlanItem } from "./plan-item.ts";
import { isChange, strayDomain, strayDomainMend, strayDomains } from "./plan.ts";
import { ITEM_WORDS } from "./plan-text.ts";
import { prepare, type Prepared } from "./prepare.ts";
import { Steps } from "./steps.ts";
import type { Target } from "./target.ts";

type StatusCode =
  "NOT_DEPLOYED" | "DRIFT" | "VERSION_SKEW" | "OPERATOR_SECRET_UNKNOWN" | "OPERATOR_SECRET_REFUSED" | "NOT_ANSWERING";

/** One thing that is not in order, and the command that mends it. */
interface StatusFinding {
  readonly code: StatusCode;
  readonly kind?: PlanItem["kind"];
  readonly name?: string;
  /** A sentence. */
  readonly message: string;
  readonly mend: string;
}

/** What `--json` prints. */
export interface Status {
  readonly inOrder: boolean;
  readonly name: string;
  readonly environment?: string | undefined;
  readonly account: { readonly id: string; readonly name: string };
  readonly url: string;
  /** Of this command line. */
  readonly version: string;
  readonly sha256: string;
  readonly deployed?: DeployedStatus | undefined;
  readonly findings: readonly StatusFinding[];
}

interface DeployedStatus {
  readonly versionId: string;
  readonly versionNumber?: number | undefined;
  readonly deployedOn?: string | undefined;
  /** What was uploaded; nothing where `deploy` did not upload it. */
  readonly release?: Release | undefined;
  /** What the server says of itself. */
  readonly answersIn?: string | undefined;
  readonly auth?: string | undefined;
}

/** The commands that mend, as they can be typed. */
export interface Mends {
  readonly deploy: string;
  readonly rotate: string;
  readonly logs: string;
}

/** Compares what this command would deploy with what is there, and asks the server itself. Changes nothing. */
export async function statusOf(options: DeployOptions, target: Target, work: string, mends: Mends): Promise<Status> {
  const prepared = await prepare(options, target, work, new Steps(options.notices));
  const { destination, bundle, observed } = prepared;
  const { worker } = observed;
  const asked = worker === undefined ? { findings: [] } : await askServer(options, prepared, mends);
  const findings = [...driftOf(prepared, mends), ...asked.findings];
  return {
    inOrder: findings.length === 0,
    name: target.name,
    environment: target.environment,
    account: destination.account,
    url: destination.url,
    version: options.version,
    sha256: bundle.sha256,
    deployed:
      worker === undefined
        ? undefined
        : {
            versionId: worker.version.id,
            versionNumber: worker.version.number,
            deployedOn: worker.deployment.createdOn,
            release: worker.release,
            answersIn: asked.version,
            auth: asked.auth,
          },
    findings,
  };
}

/** Where nothing is deployed, that is one finding, and what else lacks is no news. */
function driftOf({ plan, observed, target }: Prepared, mends: Mends): readonly StatusFinding[] {
  if (observed.worker === undefined) {
    const message = `There is no Worker ${target.name} in the account.`;
    return [{ code: "NOT_DEPLOYED", kind: "worker", name: target.name, message, mend: mends.deploy }];
  }
  const changed = plan.items.filter(isChange).map((item): StatusFinding => ({
    code: "DRIFT",
    kind: item.kind,
    name: item.name,
    message: driftSentence(item),
    mend: mends.deploy,
  }));
  const strays = strayDomains(target, observed.worker).map((name): StatusFinding => ({
    code: "DRIFT",
    kind: "address",
    name,
    message: strayDomain(name),
    mend: strayDomainMend(name),
  }));
  return [...changed, ...strays];
}

function driftSentence({ kind, name, action, detail }: PlanItem): string {
  const what = `The ${ITEM_WORDS[kind]} ${name}`;
  const more = detail === undefined ? "" : ` (${detail})`;
  if (action === "create") return `${what} is missing${more}.`;
  if (action === "remove") return `${what} is deployed, and is not in the project file${more}.`;
  return `${what} is deployed otherwise than it would be from here${more}.`;
}

interface Asked {
  readonly findings: readonly StatusFinding[];
  readonly version?: string;
  readonly auth?: string | undefined;
}

/** Asks the server, as an operator where the secret is held. A secret that is missing altogether is drift already. */
async function askServer(options: DeployOptions, prepared: Prepared, mends: Mends): Promise<Asked> {
  const { operatorSecret, destination, target } = prepared;
  const { userAgent, signal, trace } = options;
  const access = { url: destination.url, userAgent, signal, trace, onWait: () => undefined };
  const secret = operatorSecret.action === "keep" ? operatorSecret.value : undefined;
  const findings: StatusFinding[] = [];
  if (operatorSecret.action === "keep" && secret === undefined) {
    const message = `The Worker has an operator secret, and it is not held here: ${options.config.path} has none for ${access.url}.`;
    findings.push({ code: "OPERATOR_SECRET_UNKNOWN", kind: "secret", message, mend: mends.rotate });
  }
  try {
    const health = await glanceAt(access, secret);
    if (target.main === undefined && health.version !== options.version) {
      const message = `The server answers in version ${health.version}, and this command line is ${options.version}.`;
      findings.push({ code: "VERSION_SKEW", message, mend: mends.deploy });
    }
    return { findings, version: health.version, auth: health.auth };
  } catch (error) {
    signal.throwIfAborted();
    return { findings: [...findings, findingOf(error, mends)] };
  }
}

function findingOf(error: unknown, mends: Mends): StatusFinding {
  if (error instanceof CommandFailure && error.code === "OPERATOR_SECRET_REFUSED") {
    return { code: "OPERATOR_SECRET_REFUSED", kind: "secret", message: error.message, mend: mends.rotate };
  }
  if (!isClientError(error)) throw error;
  return { code: "NOT_ANSWERING", message: error.message, mend: mends.logs };
}
