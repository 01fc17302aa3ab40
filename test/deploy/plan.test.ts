import { describe, expect, it } from "vitest";
import { isChange, makePlan, type Plan, type Wish } from "../../src/cli/deploy/plan.ts";
import type { Observed } from "../../src/cli/deploy/observe.ts";
import { targetOf } from "../../src/cli/deploy/target.ts";
import type { ProjectSettings } from "../../src/cli/deploy/project-file.ts";
import type { Binding } from "../../src/cloudflare/worker-versions.ts";

const NAMESPACE = { id: "b".repeat(32), title: "shop-registry" };
const SHA256 = "c".repeat(64);

function wish(settings: Partial<ProjectSettings> = {}, more: Partial<Wish> = {}): Wish {
  return {
    target: targetOf({ name: "shop", ...settings }),
    url: "https://shop.example.workers.dev",
    bundle: { main: "/tmp/server.js", withModules: false, sha256: SHA256, gzipBytes: 50_000 },
    packageVersion: "1.2.3",
    compatibilityDate: "2026-07-30",
    operatorSecret: "keep",
    isSecretGiven: false,
    ...more,
  };
}

const BINDINGS: readonly Binding[] = [
  { name: "STREAMS", type: "durable_object_namespace", value: "StreamDO" },
  { name: "PROJECTS", type: "durable_object_namespace", value: "ProjectDO" },
  { name: "DIRECTORY", type: "durable_object_namespace", value: "DirectoryDO" },
  { name: "SUBSCRIPTIONS", type: "durable_object_namespace", value: "SubscriptionDO" },
  { name: "R2", type: "r2_bucket", value: "shop-segments" },
  { name: "REGISTRY", type: "kv_namespace", value: NAMESPACE.id },
  { name: "OPERATOR_SECRET", type: "secret_text", value: undefined },
];

interface Deployed {
  readonly bindings?: readonly Binding[];
  readonly migrationTag?: string;
  readonly sha256?: string | null;
  readonly workersDev?: boolean;
  readonly customDomains?: readonly string[];
  readonly versions?: number;
}

function observed(deployed: Deployed = {}): Observed {
  const { bindings = BINDINGS, migrationTag = "v1", sha256 = SHA256, versions = 1 } = deployed;
  const { workersDev = true, customDomains = [] } = deployed;
  const parts = Array.from({ length: versions }, (_, i) => ({ versionId: `version-${String(i)}`, percentage: 100 }));
  const facts = { id: "version-0", number: 1, createdOn: undefined, message: undefined };
  return {
    bucket: true,
    namespace: NAMESPACE,
    worker: {
      deployment: { id: "deployment", createdOn: undefined, versions: parts },
      version: { ...facts, bindings, scriptEtag: "etag", compatibilityDate: "2026-07-30", migrationTag },
      release: sha256 === null ? undefined : { version: "1.2.3", sha256 },
      settings: { observability: true, workersDev, customDomains },
    },
  };
}

function changesOf(plan: Plan): string[] {
  return plan.items.filter(isChange).map(({ kind, name, action }) => `${action} ${kind} ${name}`);
}

describe("plan", () => {
  it("an empty account gets everything", () => {
    const plan = makePlan(wish({ vars: { DEBUG_TIMING: "1" } }, { operatorSecret: "create" }), {
      bucket: false,
      namespace: undefined,
      worker: undefined,
    });
    expect(changesOf(plan)).toEqual([
      "create r2-bucket shop-segments",
      "create kv-namespace shop-registry",
      "create worker shop",
      "create migration v1",
      "create binding STREAMS",
      "create binding PROJECTS",
      "create binding DIRECTORY",
      "create binding SUBSCRIPTIONS",
      "create binding R2",
      "create binding REGISTRY",
      "create variable DEBUG_TIMING",
      "create address https://shop.example.workers.dev",
      "create setting compatibility date",
      "create setting logs",
      "create secret OPERATOR_SECRET",
    ]);
    expect(plan).toMatchObject({ upload: true, changes: 15 });
  });

  it("what is as it should be is kept, and nothing is uploaded", () => {
    const plan = makePlan(wish(), observed());
    expect(changesOf(plan)).toEqual([]);
    expect(plan).toMatchObject({ upload: false, changes: 0, warnings: [] });
  });

  it.for<[string, Partial<ProjectSettings>, Deployed, string[]]>([
    ["another script", {}, { sha256: "d".repeat(64) }, ["change worker shop"]],
    ["a script that deploy did not upload", {}, { sha256: null }, ["change worker shop"]],
    ["a new variable", { vars: { DEBUG_TIMING: "1" } }, {}, ["create variable DEBUG_TIMING"]],
    [
      "another value of a variable",
      { vars: { DEBUG_TIMING: "1" } },
      { bindings: [...BINDINGS, { name: "DEBUG_TIMING", type: "plain_text", value: "0" }] },
      ["change variable DEBUG_TIMING"],
    ],
    [
      "a variable that nobody wants",
      {},
      { bindings: [...BINDINGS, { name: "DEBUG_TIMING", type: "plain_text", value: "0" }] },
      ["remove variable DEBUG_TIMING"],
    ],
    ["another bucket", { resources: { bucket: "other" } }, {}, ["change binding R2"]],
    ["a dataset", { analytics: "shop" }, {}, ["create binding METRICS"]],
    [
      "a custom domain in the place of workers.dev",
      { customDomain: "streams.example.com" },
      {},
      ["change address https://shop.example.workers.dev", "remove address workers.dev"],
    ],
    [
      "a custom domain that is there",
      { customDomain: "s.example.com" },
      { workersDev: false, customDomains: ["s.example.com"] },
      [],
    ],
    [
      "a workers.dev address that was closed",
      {},
      { workersDev: false },
      ["change address https://shop.example.workers.dev"],
    ],
  ])("%s is a change of that alone", ([, settings, deployed, changes]) => {
    const plan = makePlan(wish(settings), observed(deployed));
    expect(changesOf(plan)).toEqual(changes);
    expect(plan.upload).toBe(changes.length > 0);
  });

  it("a custom domain of another Worker is refused, and one that may have a DNS record is warned of", () => {
    const shop = wish({ customDomain: "s.example.com" });
    expect(() => makePlan(shop, { ...observed(), domainHolder: "homepage" })).toThrow(
      expect.objectContaining({ code: "CUSTOM_DOMAIN_TAKEN", message: expect.stringContaining("homepage") as unknown }),
    );
    expect(makePlan(shop, observed()).warnings.join()).toContain("DNS record");
    expect(makePlan(shop, { ...observed(), domainHolder: "shop" }).warnings).toEqual([]);
    expect(makePlan(wish(), observed()).warnings).toEqual([]);
  });

  it("a secret is put without an upload, and other secrets are kept and named", () => {
    const bindings: Binding[] = [
      ...BINDINGS.filter(({ name }) => name !== "OPERATOR_SECRET"),
      { name: "OTHER", type: "secret_text", value: undefined },
    ];
    const plan = makePlan(wish({}, { operatorSecret: "create" }), observed({ bindings }));
    expect(changesOf(plan)).toEqual(["create secret OPERATOR_SECRET"]);
    expect(plan.upload).toBe(false);
    expect(plan.items).toContainEqual({ kind: "secret", name: "OTHER", action: "keep" });
  });

  it("a new Worker gets all classes by one migration", () => {
    const plan = makePlan(wish(), { bucket: true, namespace: NAMESPACE, worker: undefined });
    expect(plan.migrations).toEqual([
      { tag: "v1", new_sqlite_classes: ["StreamDO", "ProjectDO", "DirectoryDO", "SubscriptionDO"] },
    ]);
  });

  it.for<[string, { tag: string; lacks: string[]; creates: string; history: string[][] }]>([
    [
      "of the library before ours, with streams only,",
      {
        tag: "v1",
        lacks: ["PROJECTS", "DIRECTORY", "SUBSCRIPTIONS"],
        creates: "v2",
        history: [["StreamDO"], ["ProjectDO", "DirectoryDO", "SubscriptionDO"]],
      },
    ],
    [
      "that got projects by a migration of their own",
      {
        tag: "v2",
        lacks: ["DIRECTORY", "SUBSCRIPTIONS"],
        creates: "v3",
        history: [["StreamDO"], ["ProjectDO"], ["DirectoryDO", "SubscriptionDO"]],
      },
    ],
    [
      "that began with streams and projects",
      {
        tag: "v1",
        lacks: ["DIRECTORY", "SUBSCRIPTIONS"],
        creates: "v2",
        history: [
          ["StreamDO", "ProjectDO"],
          ["DirectoryDO", "SubscriptionDO"],
        ],
      },
    ],
  ])("a Worker %s gets the classes that it lacks by the next one", ([, { tag, lacks, creates, history }]) => {
    const bindings = BINDINGS.filter(({ name }) => !lacks.includes(name));
    const plan = makePlan(wish(), observed({ bindings, migrationTag: tag }));
    const created = lacks.map((name) => `create binding ${name}`);
    expect(changesOf(plan)).toEqual([`create migration ${creates}`, ...created]);
    expect(plan.upload).toBe(true);
    expect(plan.migrations).toEqual(history.map((names, i) => ({ tag: `v${i + 1}`, new_sqlite_classes: names })));
  });

  it.for(["v1", "v2", "v3"])("a Worker with all classes needs no more migrations, when its last one is %s", (tag) => {
    const plan = makePlan(wish(), observed({ migrationTag: tag }));
    expect(changesOf(plan)).toEqual([]);
    expect(plan.migrations.at(-1)?.tag).toBe(tag);
    expect(plan.migrations.flatMap(({ new_sqlite_classes }) => new_sqlite_classes)).toHaveLength(4);
  });

  it("a Worker that is none of ours keeps its name", () => {
    const bindings = BINDINGS.filter(({ name }) => name !== "STREAMS");
    expect(() => makePlan(wish(), observed({ bindings }))).toThrow(
      expect.objectContaining({ code: "WORKER_NAME_TAKEN", exitCode: 5 }),
    );
  });

  it("a migration that is not known is never built upon", () => {
    expect(() => makePlan(wish(), observed({ migrationTag: "v9" }))).toThrow(
      expect.objectContaining({ code: "MIGRATION_UNKNOWN", exitCode: 5 }),
    );
  });

  it("says what is dangerous or lost", () => {
    const gone = { kvNamespaceId: "e".repeat(32) };
    const plan = makePlan(wish({ vars: { AUTH: "none" }, resources: gone }), observed({ versions: 2 }));
    expect(plan.warnings).toEqual([
      expect.stringContaining("everybody on the internet"),
      expect.stringContaining(gone.kvNamespaceId),
      expect.stringContaining("Several versions"),
    ]);
  });

  it("a custom domain that still leads to the Worker is named, with what takes it away", () => {
    const worker = observed({ customDomains: ["a.example.com", "b.example.com"], workersDev: false });
    const plan = makePlan(wish({ customDomain: "b.example.com" }), { ...worker, domainHolder: "shop" });
    expect(changesOf(plan)).toEqual([]);
    expect(plan.warnings).toEqual([expect.stringMatching(/a\.example\.com leads to the Worker.*dashboard/) as unknown]);
  });
});
