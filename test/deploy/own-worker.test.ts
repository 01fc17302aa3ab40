// A Worker of one's own, at a host name of one's own, with a dataset, in an environment.
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../../scripts/lib/process.mjs";
import { changesOf, Operator } from "./support/operator.ts";

const OPEN_WORKER = `import { createStreamWorker } from "durable-streams/worker";
const streams = createStreamWorker();
export default {
  fetch(request: Request, env: never, ctx: never) {
    if (new URL(request.url).pathname === "/mine") return new Response("mine");
    return (streams.fetch as (...all: unknown[]) => Promise<Response>)(request, env, ctx);
  },
};
export { DirectoryDO, ProjectDO, StreamDO, SubscriptionDO } from "durable-streams/worker";
`;

describe("deploy of an own Worker", () => {
  let operator: Operator;
  let url: string;
  beforeAll(async () => {
    operator = await Operator.start("shop", { zones: ["example.com"] });
    url = await operator.plane.workerUrl("shop-staging");
    await mkdir(join(operator.folder, "node_modules"));
    await symlink(ROOT, join(operator.folder, "node_modules/durable-streams"));
    await writeFile(join(operator.folder, "src/worker.ts"), OPEN_WORKER);
    const staging = { url, main: "src/worker.ts", customDomain: "streams.example.com", analytics: "operations" };
    await operator.edit('"vars": {}', `"vars": {}, "environments": { "staging": ${JSON.stringify(staging)} }`);
  });
  afterAll(() => operator.stop());

  it("wrangler bundles it, and it runs with all that the environment says", async () => {
    const { code, result, stderr } = await operator.deploy(["--env", "staging", "--yes"]);
    expect({ code, error: result.error, log: code === 0 ? "" : stderr }).toEqual({
      code: 0,
      error: undefined,
      log: "",
    });
    expect(operator.script.name).toBe("shop-staging");
    expect(await (await fetch(`${url}/mine`)).text()).toBe("mine");
    expect([...operator.plane.state.domains.values()]).toMatchObject([
      { hostname: "streams.example.com", service: "shop-staging" },
    ]);
    expect(operator.script.subdomain.enabled).toBe(false);
    expect(operator.version.bindings).toContainEqual(
      expect.objectContaining({ name: "METRICS", type: "analytics_engine", dataset: "operations" }),
    );
    expect([...operator.plane.state.buckets.keys()]).toEqual(["shop-staging-segments"]);
  });

  it("whom it lets in only its owner knows: it is asked as an operator, and streams are not tried", async () => {
    // The first run tried no streams; and the next one, which bundles again, sees that it is the same script.
    const { code, result } = await operator.deploy(["--env", "staging"]);
    expect({ code, error: result.error }).toEqual({ code: 0, error: undefined });
    expect(changesOf(result)).toEqual([]);
    expect(result.deployed).toMatchObject({ context: "shop-staging", checks: ["health", "operator"] });
  });

  it("a host name that leads to another Worker is not taken away from it", async () => {
    const mark = operator.plane.requests.length;
    const [domain] = operator.plane.state.domains.values();
    if (domain === undefined) throw new Error("no domain");
    operator.plane.state.domains.set(domain.id, { ...domain, service: "homepage" });
    const { code, result } = await operator.deploy(["--env", "staging", "--yes"]);
    operator.plane.state.domains.set(domain.id, domain);
    expect({ code, error: result.error?.code }).toEqual({ code: 5, error: "CUSTOM_DOMAIN_TAKEN" });
    expect(operator.changesSince(mark)).toEqual([]);
  });

  it("changed, it is uploaded again", async () => {
    await writeFile(
      join(operator.folder, "src/worker.ts"),
      OPEN_WORKER.replace('Response("mine")', 'Response("yours")'),
    );
    const { result } = await operator.deploy(["--env", "staging", "--dry-run"]);
    expect(changesOf(result)).toEqual(["change worker shop-staging"]);
  });

  it("a Worker that cannot be bundled, or is not there, says so before anything is changed", async () => {
    const mark = operator.plane.requests.length;
    await writeFile(join(operator.folder, "src/worker.ts"), 'import "./nowhere.ts";\nexport default {};\n');
    const broken = await operator.deploy(["--env", "staging", "--yes"]);
    expect(broken.code).toBe(1);
    expect(broken.result.error?.code).toBe("WORKER_NOT_BUNDLED");
    expect(broken.result.error?.hint).toContain("./nowhere.ts");
    await operator.edit('"src/worker.ts",', '"src/gone.ts",');
    expect(await operator.deploy(["--env", "staging", "--yes"])).toMatchObject({ code: 2 });
    expect(operator.changesSince(mark)).toEqual([]);
  });
});
