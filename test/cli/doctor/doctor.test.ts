// What doctor finds on a machine without any deployment: files, contexts, and whatever server commands would ask.
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockFile } from "../../../src/cli/file-lock.ts";
import { newSecret } from "../../../src/protocol/secret.ts";
import { check, type Diagnosis, diagnosisOf, named } from "../../deploy/support/diagnosis.ts";
import { runCli } from "../../support/cli.ts";
import { type Handler, startScripted } from "../../support/scripted-server.ts";
import { startBuilt, startGuarded } from "../../support/servers.ts";
import { steadyPort } from "../../support/steady-port.ts";

let home: string;
let config: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "durable-streams-doctor-"));
  config = join(home, "config");
  await mkdir(config, { mode: 0o700 });
});

afterEach(() => rm(home, { recursive: true }));

/** Of the server at a port where nobody listens, when nothing else is said. */
async function doctor(env: Record<string, string> = {}, args: readonly string[] = []): Promise<Diagnosis> {
  const result = await runCli(["doctor", "--json", ...args], {
    cwd: home,
    env: { DURABLE_STREAMS_CONFIG_DIR: config, DURABLE_STREAMS_URL: await nobody(), ...env },
  });
  expect(result.stderr).toBe("");
  return diagnosisOf(result);
}

async function nobody(): Promise<string> {
  return `http://127.0.0.1:${String(await steadyPort())}`;
}

async function save(name: string, content: unknown, mode = 0o600): Promise<string> {
  const file = join(config, name);
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
  await chmod(file, mode);
  return file;
}

async function modeOf(file: string): Promise<number> {
  return (await stat(file)).mode & 0o777;
}

describe("without a deployment", () => {
  it("what is about one is skipped, each with the reason, and all is well", async () => {
    const found = await doctor();
    expect({ code: found.code, well: found.well }).toEqual({ code: 0, well: true });
    expect(named(found, "failed")).toEqual([]);
    for (const name of ["project-file", "login", "permissions", "worker", "bindings", "migrations", "bucket"]) {
      expect(check(found, name)).toMatchObject({
        state: "skipped",
        detail: expect.stringContaining("durable-streams.jsonc") as unknown,
      });
    }
    expect(check(found, "node").detail).toContain(process.execPath);
    expect(check(found, "wrangler").state).toBe("ok");
  });

  it("people read a reason once, and one line for all in a row that are skipped for it", async () => {
    const env = { DURABLE_STREAMS_CONFIG_DIR: config, DURABLE_STREAMS_URL: await nobody() };
    const { stdout } = await runCli(["doctor"], { cwd: home, env });
    const told = stdout.split("\n").filter((line) => line.includes("so nothing is deployed from it."));
    expect(told).toEqual([expect.stringMatching(/^skipped login /) as unknown]);
    const alike = "permissions, cloudflare-clock, worker, bindings, migrations, bucket, namespace, address";
    expect(stdout.split("\n").filter((line) => line.includes("as login"))).toEqual([
      `skipped 8 checks         as login: ${alike}`,
    ]);
    const silent = stdout.split("\n").filter((line) => line.includes("does not answer as one of durable-streams"));
    expect(silent).toHaveLength(1);
    // The last line is not left out for waiting for another.
    expect(stdout).toMatch(/\nskipped cors +as version\n$/);
  });

  it("a project file that is no JSON fails, and what is read from it is skipped", async () => {
    await writeFile(join(home, "durable-streams.jsonc"), "{ oops");
    const found = await doctor();
    expect({ code: found.code, failed: named(found, "failed") }).toEqual({ code: 8, failed: ["project-file"] });
    expect(check(found, "login").state).toBe("skipped");
  });

  it("a project file that names a server only is no deployment, and nothing fails for it", async () => {
    await writeFile(join(home, "durable-streams.jsonc"), `{ "url": "${await nobody()}", "project": "shop" }`);
    const found = await doctor();
    expect(named(found, "failed")).not.toContain("project-file");
    expect(check(found, "project-file")).toMatchObject({
      state: "skipped",
      detail: expect.stringContaining("no Worker") as unknown,
    });
    expect(check(found, "bindings").state).toBe("skipped");
  });

  it("--env without a project file fails, with how to make one", async () => {
    const found = await doctor({}, ["--env", "prod"]);
    expect({ code: found.code, failed: named(found, "failed") }).toEqual({ code: 8, failed: ["project-file"] });
    expect(check(found, "project-file").mend).toContain("init");
  });
});

describe("the folder of contexts and credentials", () => {
  it("open to others, it is told with chmod and stays so; --fix closes it", async () => {
    const secret = newSecret("operator");
    const file = await save("credentials.json", { version: 1, servers: {} }, 0o644);
    const servers = { "https://streams.example": { operatorSecret: secret, projects: {} } };
    await writeFile(file, JSON.stringify({ version: 1, servers }));
    await chmod(config, 0o755);
    const found = await doctor();
    expect({ code: found.code, failed: named(found, "failed") }).toEqual({ code: 8, failed: ["config-folder"] });
    expect(check(found, "config-folder").mend).toBe(`chmod 700 ${config} && chmod 600 ${file}`);
    expect([await modeOf(config), await modeOf(file)]).toEqual([0o755, 0o644]);
    const mended = await doctor({}, ["--fix"]);
    expect({ code: mended.code, ...check(mended, "config-folder") }).toMatchObject({
      code: 0,
      state: "ok",
      fixed: true,
    });
    expect([await modeOf(config), await modeOf(file)]).toEqual([0o700, 0o600]);
    expect(JSON.stringify([found, mended])).not.toContain(secret);
  });

  it("a file that is damaged fails the check that reads it, and is left alone", async () => {
    await save("contexts.json", "{ oops");
    const found = await doctor({}, ["--fix"]);
    expect({ code: found.code, failed: named(found, "failed") }).toEqual({ code: 8, failed: ["context"] });
    expect(check(found, "context").detail).toContain("is damaged");
  });
});

describe("locks", () => {
  /** As a process leaves it that was killed while it took over the lock of another. */
  async function leave(file: string): Promise<readonly string[]> {
    const dead = { pid: process.pid, started: "another boot/1" };
    const [holder, claimer] = [randomUUID(), randomUUID()];
    const names = [`${file}.lock`, `${file}.lock.${holder}.claim`, `${file}.lock.${claimer}`];
    await writeFile(join(home, names[0] ?? ""), JSON.stringify({ token: holder, process: dead }));
    for (const name of names.slice(1)) {
      await writeFile(join(home, name), JSON.stringify({ token: claimer, process: dead }));
    }
    return names;
  }

  it("of killed commands are told, and removed by --fix; nothing else of such a name is", async () => {
    const names = await leave("log.checkpoint");
    await expect(lockFile(join(home, "log.checkpoint"))).rejects.toThrow("taking it over");
    const held = await lockFile(join(home, "held.checkpoint"));
    await writeFile(join(home, "yarn.lock"), "# not ours");
    const found = await doctor();
    expect({ code: found.code, failed: named(found, "failed") }).toEqual({ code: 8, failed: ["locks"] });
    for (const name of names) expect(check(found, "locks").mend).toContain(name);
    const mended = await doctor({}, ["--fix"]);
    expect({ code: mended.code, ...check(mended, "locks") }).toMatchObject({ code: 0, state: "ok", fixed: true });
    expect((await readdir(home)).sort()).toEqual(["config", "held.checkpoint.lock", "yarn.lock"]);
    await held.release();
    await (await lockFile(join(home, "log.checkpoint"))).release();
  });
});

describe("the active context", () => {
  it("of a server of this machine that does not run is a warning with its name and what to do", async () => {
    const url = await nobody();
    await save("contexts.json", { version: 1, active: "local", contexts: { local: { url } } });
    const found = await doctor({ DURABLE_STREAMS_URL: "" });
    expect({ code: found.code, failed: named(found, "failed") }).toEqual({ code: 0, failed: [] });
    expect(check(found, "context")).toMatchObject({
      state: "warning",
      detail: expect.stringContaining(`local leads to ${url}`) as unknown,
      mend: expect.stringMatching(/context use .*context remove local$/) as unknown,
    });
    expect(check(found, "server")).toMatchObject({ state: "warning", mend: expect.stringMatching(/ dev$/) as unknown });
  });

  it("that is not among those there are has failed", async () => {
    await save("contexts.json", { version: 1, active: "gone", contexts: {} });
    const found = await doctor();
    expect({ code: found.code, failed: named(found, "failed") }).toEqual({ code: 8, failed: ["context"] });
    expect(check(found, "context").detail).toContain("gone");
  });
});

describe("a server", () => {
  it("of this machine that is guarded and runs as it should is well", async () => {
    const server = await startGuarded();
    try {
      const found = await doctor({ ...server.env, DURABLE_STREAMS_URL: server.url });
      expect({ code: found.code, failed: named(found, "failed") }).toEqual({ code: 0, failed: [] });
      for (const name of ["server", "version", "context", "operator-secret", "cors"]) {
        expect(check(found, name)).toMatchObject({ name, state: "ok" });
      }
    } finally {
      await server.stop();
    }
  });

  it("of this machine that is open is well, whatever operator secret is held for its address", async () => {
    const server = await startBuilt();
    try {
      const secret = newSecret("operator");
      await save("credentials.json", {
        version: 1,
        servers: { [server.url]: { operatorSecret: secret, projects: {} } },
      });
      const found = await doctor({ DURABLE_STREAMS_URL: server.url });
      expect({ code: found.code, failed: named(found, "failed") }).toEqual({ code: 0, failed: [] });
      expect(check(found, "operator-secret")).toMatchObject({
        state: "skipped",
        detail: expect.stringContaining(
          `${server.url} has no operator secret (dev has one with --auth only)`,
        ) as unknown,
      });
      expect(check(found, "operator-secret").mend).toBeUndefined();
    } finally {
      await server.stop();
    }
  });

  const PROJECT = {
    name: "shop",
    version: 1,
    createdAtMs: 1,
    corsOrigins: ["https://app.example"],
    keys: [],
  };

  /** One of ours, with a clock of its own, that lets every page in whatever the settings say. */
  function scripted(aheadMs: number): Handler {
    return ({ method, url }, response) => {
      response.setHeader("date", new Date(Date.now() + aheadMs).toUTCString());
      if (method === "OPTIONS") response.writeHead(204, { "access-control-allow-origin": "*" }).end();
      else if (url === "/v1/__ds/projects") response.end(JSON.stringify({ projects: [PROJECT] }));
      else response.end(JSON.stringify({ status: "ok", version: "0.0.1" }));
    };
  }

  function doctorAt(url: string): Promise<Diagnosis> {
    return doctor({ DURABLE_STREAMS_URL: url, DURABLE_STREAMS_OPERATOR_SECRET: newSecret("operator") });
  }

  it("whose clock is a little behind, or of another version, is warned of; wrong preflights have failed", async () => {
    const server = await startScripted(scripted(-20_000));
    const found = await doctorAt(server.url);
    await server.stop();
    expect({ code: found.code, failed: named(found, "failed") }).toEqual({ code: 8, failed: ["cors"] });
    expect(check(found, "cors").detail).toBe(
      "A preflight for shop from https://page.example is answered for *, and the settings allow nobody. " +
        "A preflight for shop from https://app.example is answered for *, and the settings allow https://app.example.",
    );
    expect(named(found, "warning")).toEqual(["version", "clock"]);
    expect(check(found, "version").detail).toContain("0.0.1");
    expect(check(found, "clock").detail).toContain("ahead of");
  });

  it("whose clock is far ahead has failed", async () => {
    const server = await startScripted(scripted(100_000));
    const found = await doctorAt(server.url);
    await server.stop();
    expect(found.code).toBe(8);
    expect(check(found, "clock")).toMatchObject({
      state: "failed",
      detail: expect.stringContaining("behind") as unknown,
    });
  });

  it("that is another's is well, and what only ours tell is skipped", async () => {
    const server = await startScripted((_request, response) => response.writeHead(404).end("Not found"));
    const found = await doctorAt(server.url);
    await server.stop();
    expect({ code: found.code, failed: named(found, "failed") }).toEqual({ code: 0, failed: [] });
    expect(check(found, "server").state).toBe("ok");
    for (const name of ["version", "clock", "operator-secret", "cors"]) {
      expect(check(found, name)).toMatchObject({ name, state: "skipped" });
    }
  });
});
