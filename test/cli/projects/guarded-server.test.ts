import { jwtVerify } from "jose";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runCli, type RunResult } from "../../support/cli.ts";
import { type GuardedServer, startBuilt, startGuarded } from "../../support/servers.ts";

let server: GuardedServer;

beforeAll(async () => {
  server = await startGuarded();
});
afterAll(async () => {
  await server.stop();
});

function ds(args: readonly string[]): Promise<RunResult> {
  return runCli(args, { env: { ...server.env, DURABLE_STREAMS_URL: server.url } });
}

/** Runs a command that has to succeed, and gives its stdout. */
async function done(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await ds(args);
  expect({ args, code, stderr }).toMatchObject({ code: 0 });
  return stdout;
}

it("a project's life: created, used, given another key, changed and deleted", async () => {
  const secret = (await done("create-project", "shop", "--print-secret")).trim();
  await done("create", "orders", "--project", "shop", "--content-type", "application/json", "[1]");
  const token = (await done("mint-token", "--project", "shop", "--prefix", "or")).trim();
  await jwtVerify(token, new TextEncoder().encode(secret));

  const reading = ["read", "orders", "--project", "shop", "--token", token];
  expect(await done(...reading)).toBe("1\n");
  const writing = await ds(["append", "orders", "2", "--project", "shop", "--token", token]);
  expect({ code: writing.code, stderr: writing.stderr }).toMatchObject({
    code: 4,
    stderr: expect.stringContaining("scope") as string,
  });

  const rotated = (await done("projects", "rotate", "shop", "--print-secret")).trim();
  expect(rotated).not.toBe(secret);
  // The old key is still accepted, and what the command signs with the new one is too.
  expect(await done(...reading)).toBe("1\n");
  await done("append", "orders", "2", "--project", "shop");

  const finished = JSON.parse(await done("projects", "rotate", "shop", "--finish", "--json")) as { keys: object[] };
  expect(finished.keys).toHaveLength(1);
  const change = ["projects", "update", "shop", "--cors-origin", "https://app.example", "--readers-max", "3"];
  expect(await ds(change)).toMatchObject({
    code: 0,
    stderr: 'Changed the project "shop". It takes up to 30 seconds until that holds everywhere.\n',
  });
  expect(JSON.parse(await done("projects", "show", "shop", "--json"))).toMatchObject({
    corsOrigins: ["https://app.example"],
    readersMax: 3,
    savedSecret: "signing",
  });
  expect(await done("projects", "list")).toMatch(/^default .*\nshop .*/m);

  await done("projects", "delete", "shop", "--yes");
  expect((await ds(["projects", "show", "shop"])).code).toBe(3);
});

it("who is not let in is told so first, then with what credential and why, and the status last", async () => {
  const refused = async (args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<string> => {
    const { code, stdout, stderr } = await runCli(args, { env: { DURABLE_STREAMS_URL: server.url, ...more } });
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    return stderr.split("\n")[0] ?? "";
  };
  const nothing = `Error: Not authenticated: no token was sent, and ${server.url} asks for one.`;
  const streams = `${server.url}/v1/stream`;
  expect(await refused(["read", "x"])).toBe(`${nothing} Reading ${streams}/x failed with 401.`);
  expect(await refused(["subscriptions", "show", "x"])).toBe(
    `${nothing} Looking at the subscription ${streams}/__ds/subscriptions/x failed with 401.`,
  );
  expect(await refused(["projects", "list"])).toBe(`${nothing} Listing the projects at ${server.url} failed with 401.`);
  const token = (await done("mint-token", "--scope", "read")).trim();
  const subscribe = ["subscriptions", "create", "x", "--pattern", "x/*", "--wake-stream", "w"];
  expect(await refused(subscribe, { DURABLE_STREAMS_TOKEN: token })).toBe(
    `Error: Not allowed: the token of DURABLE_STREAMS_TOKEN does not open this. The token may only read; this needs one with the scope write. Creating the subscription ${streams}/__ds/subscriptions/x failed with 403.`,
  );
});

it("who was given too small a token is told what it allows, and the least that would do", async () => {
  await done("create", "orders", "--content-type", "application/json");
  const token = (await done("mint-token", "--stream", "orders")).trim();
  const hintOf = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr } = await ds([...args, "--token", token]);
    expect({ args, code }).toEqual({ args, code: 4 });
    return stderr.slice(stderr.indexOf("\n") + 1);
  };
  const allowed = 'That token allows reading only, of the stream "orders" in the project "default".\n';
  const mint = "Get another one, with: durable-streams mint-token";
  expect(await hintOf("read", "other")).toBe(`${allowed}${mint} --project default --stream other\n`);
  expect(await hintOf("describe", "other's")).toBe(`${allowed}${mint} --project default --stream 'other'\\''s'\n`);
  expect(await hintOf("append", "orders", "1")).toBe(
    `${allowed}${mint} --project default --scope write --stream orders\n`,
  );
  expect(await hintOf("list")).toBe(`${allowed}${mint} --project default\n`);
  // A token of another project is not known there at all, so what it allows is not what matters.
  expect(await hintOf("read", "orders", "--project", "shop")).toBe(
    `See what it says with: durable-streams token inspect -\n${mint} --project shop --stream orders\n`,
  );
});

it("a project that is not there is told with the command that creates it, and no request", async () => {
  const missing = { code: 3, stdout: "", signal: null };
  const sentence = `Error: There is no project "nope" at ${server.url}.\n`;
  const list = "Those there are: durable-streams projects list\n";
  const create = "Create it with: durable-streams create-project nope\n";
  for (const args of [["show"], ["rotate"], ["update", "--no-cors"]]) {
    const [verb = "", ...flags] = args;
    expect(await ds(["projects", verb, "nope", ...flags])).toEqual({ ...missing, stderr: sentence + create + list });
  }
  expect(await ds(["projects", "delete", "nope", "--yes"])).toEqual({ ...missing, stderr: sentence + list });
});

it("an operator API that is closed is told with what opens one, and not with a secret that nobody has", async () => {
  const open = await startBuilt();
  try {
    const { code, stderr } = await runCli(["projects", "list"], { env: { DURABLE_STREAMS_URL: open.url } });
    expect(code).toBe(4);
    expect(stderr).toMatch(/^Error: Not allowed\. The operator API of this server is closed: .* failed with 403\.\n/);
    expect(stderr).toContain("durable-streams dev --auth\n");
    expect(stderr).not.toMatch(/context add|OPERATOR_SECRET/);
  } finally {
    await open.stop();
  }
});

it("a secret is never in what a server tells", async () => {
  await done("create-project", "quiet");
  const told = [await done("projects", "list", "--json"), await done("projects", "show", "quiet", "--json")];
  expect(told.join("")).not.toMatch(/dssk_|dsop_/);
});
