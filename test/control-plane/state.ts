import type { Permission } from "./route.ts";

interface PlaneAccount {
  readonly id: string;
  readonly name: string;
}

export interface Module {
  readonly name: string;
  readonly type: "ESModule" | "Text" | "Data" | "CompiledWasm";
  readonly content: Buffer;
}

/** A binding as a version keeps it; a secret's text is in it, and leaves it by no endpoint. */
export interface StoredBinding {
  readonly name: string;
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface Version {
  readonly id: string;
  readonly number: number;
  readonly createdOn: string;
  readonly source: "wrangler" | "api";
  readonly annotations: Readonly<Record<string, string>>;
  readonly mainModule: string;
  readonly modules: readonly Module[];
  /** Of the modules' bytes. */
  readonly etag: string;
  readonly bindings: readonly StoredBinding[];
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly migrationTag: string | undefined;
}

export interface Deployment {
  readonly id: string;
  readonly createdOn: string;
  readonly source: "wrangler" | "api";
  readonly annotations: Readonly<Record<string, string>>;
  readonly versions: readonly { readonly version_id: string; readonly percentage: number }[];
}

interface DurableObjectClass {
  readonly namespaceId: string;
  readonly sqlite: boolean;
}

interface ScriptSettings {
  readonly logpush: boolean;
  readonly tags: readonly string[];
  readonly observability: unknown;
  readonly tailConsumers: unknown;
}

/** A Worker. Never changed in place: a change is another Script. */
export interface Script {
  readonly name: string;
  readonly tag: string;
  readonly createdOn: string;
  readonly modifiedOn: string;
  /** The oldest first. */
  readonly versions: readonly Version[];
  /** The newest first. */
  readonly deployments: readonly Deployment[];
  readonly migrationTag: string | undefined;
  readonly classes: Readonly<Record<string, DurableObjectClass>>;
  readonly subdomain: { readonly enabled: boolean; readonly previews_enabled: boolean };
  readonly settings: ScriptSettings;
}

export interface Bucket {
  readonly name: string;
  readonly createdOn: string;
}

export interface KvNamespace {
  readonly id: string;
  readonly title: string;
}

interface CustomDomain {
  readonly id: string;
  readonly hostname: string;
  readonly service: string;
  readonly zone_id: string;
  readonly zone_name: string;
  readonly environment: string;
}

export interface PlaneState {
  readonly accounts: PlaneAccount[];
  /** Credentials and what they may. */
  readonly tokens: Map<string, ReadonlySet<Permission>>;
  readonly zones: { readonly id: string; readonly name: string }[];
  /** The account's part of its workers.dev addresses. */
  subdomain: string | undefined;
  /** Whether the account has R2. */
  r2Enabled: boolean;
  readonly scripts: Map<string, Script>;
  readonly buckets: Map<string, Bucket>;
  readonly namespaces: Map<string, KvNamespace>;
  readonly domains: Map<string, CustomDomain>;
  /** Host names with DNS records that somebody made by hand. */
  readonly dnsRecords: Set<string>;
}

/** The version that requests go to: of several, the one that gets most of them. */
export function activeVersion(script: Script): Version | undefined {
  const [part] = [...(script.deployments[0]?.versions ?? [])].sort((left, right) => right.percentage - left.percentage);
  return script.versions.find(({ id }) => id === part?.version_id);
}

/** Whether some address on the internet would lead to it. */
export function isReachable(state: PlaneState, script: Script): boolean {
  return script.subdomain.enabled || [...state.domains.values()].some(({ service }) => service === script.name);
}
