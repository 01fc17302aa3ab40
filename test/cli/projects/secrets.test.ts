import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ConfigFolder } from "../../../src/cli/config/config-folder.ts";
import { createProject } from "../../../src/cli/projects/create-project.ts";
import { keepInCredentials, type SecretKeeper } from "../../../src/cli/projects/kept-secret.ts";
import { finishRotation, rotateProject } from "../../../src/cli/projects/rotate-project.ts";
import { ProjectsClient } from "../../../src/client/projects.ts";
import { Transport } from "../../../src/client/transport.ts";
import { newSecret } from "../../../src/protocol/secret.ts";
import { type ProjectServer, startProjectServer } from "./support/project-server.ts";

const DAY_SECONDS = 86_400;
const transport = new Transport();
let home: string;
let folder: ConfigFolder;
let server: ProjectServer;
let client: ProjectsClient;
let keeper: SecretKeeper;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "durable-streams-projects-"));
});
afterAll(async () => {
  await transport.close();
  await rm(home, { recursive: true, force: true });
});
beforeEach(async () => {
  server = await startProjectServer();
  folder = new ConfigFolder(() => undefined, { DURABLE_STREAMS_CONFIG_DIR: join(home, randomUUID()) });
  client = new ProjectsClient(transport, server.url, { firstMs: 1, giveUpAfterMs: 100 });
  keeper = keepInCredentials(folder, server.url, "shop");
});
afterEach(async () => {
  await server.stop();
});

function create(given?: string, by = keeper): ReturnType<typeof createProject> {
  return createProject({ client, keeper: by, name: "shop", settings: {}, given });
}

function rotate(overlapSeconds?: number, given?: string): ReturnType<typeof rotateProject> {
  return rotateProject({ client, keeper, name: "shop", given, overlapSeconds });
}

function lose(): void {
  server.fate = () => "lost";
}

function mend(): void {
  server.fate = () => "answered";
}

/** The server's secrets, the one that signs first. */
function known(): readonly string[] {
  return server.records.get("shop")?.keys.map(({ secret }) => secret) ?? [];
}

/** Another machine, with credentials of its own. */
function elsewhere(): SecretKeeper {
  const other = new ConfigFolder(() => undefined, { DURABLE_STREAMS_CONFIG_DIR: join(home, randomUUID()) });
  return keepInCredentials(other, server.url, "shop");
}

describe("creating a project", () => {
  it("makes a secret and keeps it in a file that nobody else may read", async () => {
    const { created, secret } = await create();
    expect(created).toBe(true);
    expect(known()).toEqual([secret]);
    expect(await keeper.held()).toEqual({ secret });
    const file = folder.file("credentials.json");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, "utf8")).toContain(secret);
  });

  it("has the secret kept before the server has it", async () => {
    let keptFirst: string | undefined;
    const watched: SecretKeeper = {
      ...keeper,
      prepare: async (given) => {
        const secret = await keeper.prepare(given);
        expect(known()).toEqual([]);
        keptFirst = (await keeper.held()).nextSecret;
        return secret;
      },
    };
    const { secret } = await create(undefined, watched);
    expect(keptFirst).toBe(secret);
  });

  it("once more changes nothing, and says that it is there", async () => {
    const { secret } = await create();
    expect(await create()).toMatchObject({ created: false, secret });
    expect(known()).toEqual([secret]);
  });

  it("a lost answer loses nothing: the next try ends with the very secret that the server has", async () => {
    lose();
    await expect(create()).rejects.toMatchObject({ code: "CONNECTION_FAILED" });
    const [secret] = known();
    expect(await keeper.held()).toEqual({ nextSecret: secret });
    mend();
    expect(await create()).toMatchObject({ created: false, secret });
    expect(await keeper.held()).toEqual({ secret });
  });

  it("a name that is taken keeps nothing, and what to do is said", async () => {
    await create(undefined, elsewhere());
    await expect(create()).rejects.toMatchObject({
      code: "PROJECT_EXISTS",
      exitCode: 5,
      hint: expect.stringContaining("--stdin") as string,
    });
    expect(await keeper.held()).toEqual({});
  });

  it("the right secret of a project that is there is taken over, another one is not", async () => {
    const { secret } = await create(undefined, elsewhere());
    await expect(create(newSecret("project"))).rejects.toMatchObject({ code: "PROJECT_EXISTS" });
    expect(await keeper.held()).toEqual({});
    expect(await create(secret)).toMatchObject({ created: false, secret });
    expect(await keeper.held()).toEqual({ secret });
  });

  it("the right secret is taken over though the settings are others, which stay", async () => {
    const { secret } = await create(undefined, elsewhere());
    const settings = { readersMax: 5 };
    const taken = await createProject({ client, keeper, name: "shop", settings, given: secret });
    expect(taken).toMatchObject({ created: false, secret });
    expect(taken.project).not.toHaveProperty("readersMax");
    expect(await keeper.held()).toEqual({ secret });
  });

  it("a project that was deleted comes back with another secret", async () => {
    const { secret } = await create();
    await client.delete("shop");
    const again = await create();
    expect(again.created).toBe(true);
    expect(again.secret).not.toBe(secret);
    expect(known()).toEqual([again.secret]);
  });

  it("a project whose key was rotated elsewhere is a conflict, and the old secret stays", async () => {
    const { secret } = await create();
    await client.rotate("shop", newSecret("project"), 0);
    await expect(create()).rejects.toMatchObject({ code: "PROJECT_EXISTS" });
    expect(await keeper.held()).toEqual({ secret });
  });
});

describe("rotating", () => {
  it("the old key goes on during the overlap, and the new secret takes its place here", async () => {
    const before = await create();
    const { secret, project } = await rotate(DAY_SECONDS);
    expect(known()).toEqual([secret, before.secret]);
    expect(project.keys.map(({ state }) => state)).toEqual(["active", "retiring"]);
    expect(await keeper.held()).toEqual({ secret });
    await finishRotation(client, keeper, "shop");
    expect(known()).toEqual([secret]);
  });

  it("while nobody knows what became of it the old secret signs, and both are kept", async () => {
    const { secret } = await create();
    lose();
    await expect(rotate()).rejects.toMatchObject({ code: "CONNECTION_FAILED" });
    const [next] = known();
    expect(await keeper.held()).toEqual({ secret, nextSecret: next });
  });

  it("the next try finds out that it had gone through, and rotates no further", async () => {
    await create();
    lose();
    await expect(rotate()).rejects.toThrow();
    mend();
    const [next] = known();
    expect(await rotate()).toMatchObject({ resumed: true, secret: next });
    expect(known()).toHaveLength(2);
    expect(await keeper.held()).toEqual({ secret: next });
  });

  it("the next try with revocation revokes as well", async () => {
    await create();
    lose();
    await expect(rotate()).rejects.toThrow();
    mend();
    const [next] = known();
    expect(await rotate(0)).toMatchObject({ secret: next });
    expect(known()).toEqual([next]);
  });

  it("finishing finds out first, and never retires the key whose secret is kept", async () => {
    await create();
    lose();
    await expect(rotate()).rejects.toThrow();
    mend();
    const [next] = known();
    await finishRotation(client, keeper, "shop");
    expect(known()).toEqual([next]);
    expect(await keeper.held()).toEqual({ secret: next });
  });

  it("a secret that never arrived, or that was revoked since, is not sent again", async () => {
    await create();
    lose();
    await expect(rotate()).rejects.toThrow();
    mend();
    const [leaked] = known();
    await client.rotate("shop", newSecret("project"), 0);
    const { secret } = await rotate();
    expect(secret).not.toBe(leaked);
    expect(known()).not.toContain(leaked);
  });

  it("a definite refusal takes the new secret away again, and the old one stays", async () => {
    const { secret } = await create();
    server.records.delete("shop");
    await expect(rotate()).rejects.toMatchObject({ code: "PROJECT_NOT_FOUND" });
    expect(await keeper.held()).toEqual({ secret });
  });

  it("a secret may be brought along", async () => {
    const { secret } = await create();
    const mine = newSecret("project");
    await rotate(DAY_SECONDS, mine);
    expect(known()).toEqual([mine, secret]);
    expect(await keeper.held()).toEqual({ secret: mine });
  });
});
