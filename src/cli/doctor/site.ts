import type { Account } from "../../cloudflare/account.ts";
import { type AnswerTimes, CloudflareApi, type CloudflareCredentials } from "../../cloudflare/api.ts";
import { type DeployedWorker, deployedWorker } from "../../cloudflare/deployed-worker.ts";
import { findCredentials } from "../../cloudflare/login.ts";
import { bucketExists, type Namespace } from "../../cloudflare/resources.ts";
import { serverHealth, type ServerHealth } from "../../client/health.ts";
import { Transport } from "../../client/transport.ts";
import { credentialsFor } from "../config/credentials.ts";
import type { Wish } from "../config/directory-file.ts";
import { resolveTarget, type Target as ServerTarget } from "../config/resolve-target.ts";
import type { DeployOptions } from "../deploy/deploy-options.ts";
import { findDeploymentNamespace } from "../deploy/observe.ts";
import { secretOfEnvironment } from "../deploy/operator-secret.ts";
import { addressOf, chooseAccount } from "../deploy/preflight.ts";
import { namesServerOnly, PROJECT_FILE, readProjectFile } from "../deploy/project-file.ts";
import { type Target, targetOf } from "../deploy/target.ts";
import { hasCode, needs, once, SkippedCheck } from "./check.ts";

export interface SiteOptions extends DeployOptions {
  /** A command of ours as it can be typed here. */
  readonly call: (words: string) => string;
}

/** A server that is asked, and how one came to it. */
export interface Server {
  readonly url: string;
  /** Nothing where it is the deployment of this folder. */
  readonly target: ServerTarget | undefined;
}

const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 10_000;

/** What checks look at, each thing looked up once, when it is first asked for. Changes nothing. */
export class Site {
  readonly options: SiteOptions;
  /** Of Cloudflare's API, as they came. */
  readonly answers: AnswerTimes[] = [];
  /** Without any credential. */
  readonly transport: Transport;
  readonly #health = new Map<string, Promise<ServerHealth>>();

  constructor(options: SiteOptions) {
    this.options = options;
    this.transport = newTransport(options);
  }

  /** What the folder deploys; nothing where no file describes a Worker, and no environment of one is asked for. */
  readonly project = once(async (): Promise<Target | undefined> => {
    const { cwd, environment } = this.options;
    if (environment === undefined && (await namesServerOnly(cwd))) return undefined;
    try {
      return targetOf((await readProjectFile(cwd)).settings, environment);
    } catch (error) {
      if (environment === undefined && hasCode(error, "NO_PROJECT_FILE")) return undefined;
      throw error;
    }
  });

  /** Why there is nothing that the folder deploys, in words. */
  async noProject(): Promise<string> {
    const isThere = await namesServerOnly(this.options.cwd);
    return isThere ? `${PROJECT_FILE} names a server and no Worker` : `There is no ${PROJECT_FILE} in this folder`;
  }

  /** The same for checks of the deployment. */
  async deploymentTarget(): Promise<Target> {
    const target = await needs(this.project(), `${PROJECT_FILE} cannot be used.`);
    if (target !== undefined) return target;
    throw new SkippedCheck(`${await this.noProject()}, so nothing is deployed from it.`);
  }

  /** Only a deployment needs them; wrangler, which may have to be asked, takes its time. */
  readonly credentials = once(async (): Promise<CloudflareCredentials> => {
    await this.deploymentTarget();
    return findCredentials(this.options);
  });

  readonly api = once(async (): Promise<CloudflareApi> => {
    const { userAgent, signal, trace } = this.options;
    const onAnswer = (times: AnswerTimes): void => {
      this.answers.push(times);
    };
    const credentials = await this.credentials();
    return new CloudflareApi({ credentials, userAgent, signal, trace, onAnswer, answerTimeoutMs: ANSWER_TIMEOUT_MS });
  });

  readonly account = once(async (): Promise<Account> => chooseAccount(await this.api(), await this.deploymentTarget()));

  readonly url = once(async (): Promise<string> => {
    return addressOf(await this.api(), await this.account(), await this.deploymentTarget());
  });

  readonly worker = once(async (): Promise<DeployedWorker | undefined> => {
    return deployedWorker(await this.api(), (await this.account()).id, (await this.deploymentTarget()).name);
  });

  readonly bucket = once(async (): Promise<boolean> => {
    return bucketExists(await this.api(), (await this.account()).id, (await this.deploymentTarget()).bucket);
  });

  readonly namespace = once(async (): Promise<Namespace | undefined> => {
    const opened = { api: await this.api(), account: await this.account() };
    return findDeploymentNamespace(opened, await this.deploymentTarget());
  });

  /** The Worker for checks of what it has; skipped where there is none. */
  async deployed(): Promise<DeployedWorker> {
    const { name } = await this.deploymentTarget();
    const worker = await needs(this.worker(), "It is not known what is deployed.");
    if (worker === undefined) throw new SkippedCheck(`There is no Worker ${name}.`);
    return worker;
  }

  /** The deployment of this folder, or else the server that commands here mean. */
  readonly server = once(async (): Promise<Server> => {
    const worker = await this.worker().catch(() => undefined);
    if (worker !== undefined) return { url: await needs(this.url(), "The address is not known."), target: undefined };
    const { cwd: directory, config: folder } = this.options;
    const target = await resolveTarget({ flags: {}, environment: wishOfEnvironment(), directory, folder });
    return { url: target.url, target };
  });

  /** What a server says of itself, asked once. */
  health(url: string): Promise<ServerHealth> {
    const { origin } = new URL(url);
    const asked = this.#health.get(origin) ?? serverHealth(this.transport, url, this.options.signal);
    asked.catch(() => undefined);
    this.#health.set(origin, asked);
    return asked;
  }

  /** The operator secret for a server: of the environment, or saved. */
  async operatorSecret({ url, target }: Server): Promise<{ value: string | undefined; isSaved: boolean }> {
    const saved = (await credentialsFor(this.options.config, url)).operatorSecret;
    const given = target?.isTrusted === false ? undefined : secretOfEnvironment();
    return { value: given ?? saved, isSaved: given === undefined };
  }
}

/** What asks servers, with a token or without. */
export function newTransport({ userAgent, trace }: SiteOptions, token?: string): Transport {
  const times = { connectTimeoutMs: CONNECT_TIMEOUT_MS, answerTimeoutMs: ANSWER_TIMEOUT_MS };
  return new Transport({ token, userAgent, trace, ...times });
}

function wishOfEnvironment(): Wish {
  const said = (name: string): string | undefined => {
    const value = process.env[`DURABLE_STREAMS_${name}`];
    return value === "" ? undefined : value;
  };
  return { url: said("URL"), project: said("PROJECT"), context: said("CONTEXT") };
}
