import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ConfigFolder } from "../../src/cli/config/config-folder.ts";
import { changeContexts, withContext } from "../../src/cli/config/contexts.ts";
import { credentialsFor, prepareOperatorSecret, saveOperatorSecret } from "../../src/cli/config/credentials.ts";
import { chooseOperatorSecret } from "../../src/cli/deploy/operator-secret.ts";
import type { WorkerVersion } from "../../src/cloudflare/worker-versions.ts";
import { newSecret } from "../../src/protocol/secret.ts";

const URL_OF_PRODUCTION = "https://streams.example.com";
const DEPLOYED: WorkerVersion = {
  id: "version",
  number: 1,
  createdOn: undefined,
  message: undefined,
  bindings: [{ name: "OPERATOR_SECRET", type: "secret_text", value: undefined }],
  scriptEtag: undefined,
  compatibilityDate: undefined,
  migrationTag: "v1",
};

let home: string;
let folder: ConfigFolder;
beforeEach(async () => {
  vi.stubEnv("DURABLE_STREAMS_OPERATOR_SECRET", "");
  home = await mkdtemp(join(tmpdir(), "durable-streams-secret-"));
  folder = new ConfigFolder(() => undefined, { DURABLE_STREAMS_CONFIG_DIR: home });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true });
});

async function addContext(name: string): Promise<void> {
  await changeContexts(folder, (all) => withContext(all, name, { url: `${URL_OF_PRODUCTION}/` }));
}

/** What a project file with production's address gets for a Worker of this name. */
function choose(name: string, version?: WorkerVersion, rotate = false): ReturnType<typeof chooseOperatorSecret> {
  return chooseOperatorSecret(folder, { name, url: URL_OF_PRODUCTION, version }, rotate);
}

const refusal = expect.objectContaining({ exitCode: 5, code: "ADDRESS_OF_ANOTHER_SERVER" }) as Error;

describe("an operator secret, and a project file with the address of another server", () => {
  const secret = newSecret("operator");
  beforeEach(async () => {
    await addContext("production");
  });

  it("a saved one is not given to a new Worker, and no new one takes its place", async () => {
    await saveOperatorSecret(folder, URL_OF_PRODUCTION, secret);
    await expect(choose("stranger")).rejects.toThrow(refusal);
    await expect(choose("stranger", undefined, true)).rejects.toThrow(refusal);
    await expect(choose("stranger", DEPLOYED, true)).rejects.toThrow(refusal);
    expect(await credentialsFor(folder, URL_OF_PRODUCTION)).toMatchObject({ operatorSecret: secret });
  });

  it("one of the environment is not given to a new Worker", async () => {
    vi.stubEnv("DURABLE_STREAMS_OPERATOR_SECRET", secret);
    await expect(choose("stranger")).rejects.toThrow(refusal);
  });

  it("the server's own deployment rotates, whatever other contexts there are", async () => {
    await addContext("production-billing");
    await saveOperatorSecret(folder, URL_OF_PRODUCTION, secret);
    expect(await choose("production", DEPLOYED, true)).toMatchObject({ action: "change" });
    expect(await choose("production", DEPLOYED)).toMatchObject({ action: "keep" });
  });
});

describe("an operator secret of a Worker of one's own", () => {
  const secret = newSecret("operator");

  it("in CI, where no context leads anywhere, the one of the environment is given", async () => {
    vi.stubEnv("DURABLE_STREAMS_OPERATOR_SECRET", secret);
    const { action, value, isGiven } = await choose("shop");
    expect([action, value === secret, isGiven]).toEqual(["create", true, true]);
  });

  it("one that was saved by a run that was broken off is taken up", async () => {
    await prepareOperatorSecret(folder, URL_OF_PRODUCTION, secret);
    const { action, value } = await choose("shop");
    expect([action, value === secret]).toEqual(["create", true]);
  });

  it("a rotation that was broken off keeps the one before it, and is done to its end by the next run", async () => {
    const next = newSecret("operator");
    await saveOperatorSecret(folder, URL_OF_PRODUCTION, secret);
    await prepareOperatorSecret(folder, URL_OF_PRODUCTION, next);
    const held = await credentialsFor(folder, URL_OF_PRODUCTION);
    expect([held.operatorSecret === secret, held.nextOperatorSecret === next]).toEqual([true, true]);
    for (const rotate of [false, true]) {
      const { action, value } = await choose("shop", DEPLOYED, rotate);
      expect([action, value === next]).toEqual(["change", true]);
    }
    await saveOperatorSecret(folder, URL_OF_PRODUCTION, next);
    const { operatorSecret, nextOperatorSecret } = await credentialsFor(folder, URL_OF_PRODUCTION);
    expect([operatorSecret === next, nextOperatorSecret]).toEqual([true, undefined]);
  });
});
