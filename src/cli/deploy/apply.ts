import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "jsonc-parser";
import { fieldsOf, listOf, textOf } from "../../cloudflare/fields.ts";
import { releaseMessage } from "../../cloudflare/release.ts";
import { createBucket, createNamespace } from "../../cloudflare/resources.ts";
import { reported, runWrangler } from "../../cloudflare/wrangler.ts";
import { BINDING } from "../../cloudflare/wrangler-config.ts";
import { dropNextOperatorSecret, prepareOperatorSecret, saveOperatorSecret } from "../config/credentials.ts";
import type { DeployOptions } from "./deploy-options.ts";
import { uploadConfig, type Prepared } from "./prepare.ts";
import { pinInFile, PROJECT_FILE } from "./project-file.ts";
import type { Steps } from "./steps.ts";
import { pinsOf, type Target } from "./target.ts";

/** What was done in the account. */
export interface Applied {
  /** Of the version that was uploaded; nothing where the one that is there was right. */
  readonly versionId: string | undefined;
}

/** Makes the plan true. Everything in it may be done again: a run that was broken off is completed by the next one. */
export async function apply(options: DeployOptions, prepared: Prepared, work: string, steps: Steps): Promise<Applied> {
  const namespaceId = await makeResources(options, prepared, steps);
  const configFile = path.join(work, "wrangler.json");
  await writeFile(configFile, uploadConfig(prepared, namespaceId));
  const versionId = prepared.plan.upload ? await upload(options, prepared, configFile, steps) : undefined;
  await putOperatorSecret(options, prepared, configFile, steps);
  return { versionId };
}

async function makeResources(options: DeployOptions, prepared: Prepared, steps: Steps): Promise<string> {
  const { target, destination, observed } = prepared;
  const { api, account } = destination;
  if (!observed.bucket) {
    await steps.run(
      `Creating the R2 bucket ${target.bucket}`,
      () => createBucket(api, account.id, target.bucket),
      () => "created",
    );
  }
  const namespace =
    observed.namespace ??
    (await steps.run(
      `Creating the KV namespace ${target.kvNamespace}`,
      () => createNamespace(api, account.id, target.kvNamespace),
      ({ id }) => `created, with the id ${id}`,
    ));
  const isPinned = await pinInFile(path.join(options.cwd, PROJECT_FILE), pinsOf(target, account.id, namespace.id));
  if (isPinned) options.notices.note(`Wrote the ids into ${PROJECT_FILE}. Commit it.`);
  await pinForWrangler(options.cwd, target, namespace.id);
  return namespace.id;
}

/** The id is all that the `wrangler.jsonc` of `init` lacks. One that says anything else of the namespace is left alone. */
async function pinForWrangler(folder: string, target: Target, namespaceId: string): Promise<void> {
  const file = path.join(folder, "wrangler.jsonc");
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return;
  const config = fieldsOf(parse(text, [], { allowTrailingComma: true }));
  const index = listOf(config["kv_namespaces"]).findIndex((entry) => {
    const { binding, id } = fieldsOf(entry);
    return binding === BINDING.registry && id === undefined;
  });
  if (config["name"] !== target.name || index === -1) return;
  await pinInFile(file, [{ at: ["kv_namespaces", index, "id"], value: namespaceId }]);
}

async function upload(
  options: DeployOptions,
  { target, bundle }: Prepared,
  configFile: string,
  steps: Steps,
): Promise<string | undefined> {
  const message = releaseMessage({ version: options.version, sha256: bundle.sha256 });
  return steps.run(
    `Uploading the Worker ${target.name}`,
    async () => {
      const result = await runWrangler(options, {
        args: ["deploy", "--config", configFile, "--message", message, "--tag", options.version],
        doing: `Uploading the Worker ${target.name}`,
      });
      return textOf(reported(result, "deploy")?.["version_id"]);
    },
    (versionId) => `deployed as version ${versionId ?? "of an unknown id"}`,
  );
}

/** Saved first, beside the one before it: a secret that the Worker has and nobody else could only be replaced. */
async function putOperatorSecret(
  options: DeployOptions,
  { target, destination, operatorSecret }: Prepared,
  configFile: string,
  steps: Steps,
): Promise<void> {
  const { action, value, isGiven } = operatorSecret;
  if (action === "keep" || value === undefined) return;
  if (!isGiven) await prepareOperatorSecret(options.config, destination.url, value);
  await steps.run(
    `Giving the Worker its operator secret`,
    () =>
      runWrangler(options, {
        args: ["secret", "put", BINDING.operatorSecret, "--config", configFile],
        secret: value,
        doing: `Putting the secret ${BINDING.operatorSecret} of the Worker ${target.name}`,
      }),
    () => (isGiven ? "the one of DURABLE_STREAMS_OPERATOR_SECRET" : `saved in ${options.config.path} too`),
  );
  if (isGiven) await dropNextOperatorSecret(options.config, destination.url);
  else await saveOperatorSecret(options.config, destination.url, value);
  if (isGiven || !process.env["CI"]) return;
  options.notices.warning(
    `The operator secret was made here, in CI, where ${options.config.path} may not last. Next time give one of your own by DURABLE_STREAMS_OPERATOR_SECRET, with --rotate-operator-secret.`,
  );
}
