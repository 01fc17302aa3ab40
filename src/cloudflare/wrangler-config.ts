/** What a deployment is to be, for wrangler's configuration. */
export interface WorkerConfig {
  readonly name: string;
  readonly accountId?: string | undefined;
  /** Absolute, or relative to the configuration's folder. */
  readonly main: string;
  /** The file is whole and goes up byte for byte. `withModules` takes the other modules in its folder along. */
  readonly bundled?: { readonly withModules: boolean } | undefined;
  readonly compatibilityDate: string;
  readonly vars: Readonly<Record<string, string>>;
  readonly bucket: string;
  /** Left out, wrangler makes a namespace at its first deployment. */
  readonly namespaceId?: string | undefined;
  readonly analyticsDataset?: string | undefined;
  readonly customDomain?: string | undefined;
  readonly migrations: readonly Migration[];
}

/** Which classes of Durable Objects come to be; what has been applied once stays in the list for ever. */
export interface Migration {
  readonly tag: string;
  readonly new_sqlite_classes: readonly string[];
}

export const STREAM_CLASS = "StreamDO";
export const PROJECT_CLASS = "ProjectDO";

/** Of a Worker that begins with us. */
export const MIGRATIONS: readonly Migration[] = [{ tag: "v1", new_sqlite_classes: [STREAM_CLASS, PROJECT_CLASS] }];

/** Of a Worker whose first migration made streams only, as Workers of the library before ours did. */
export const MIGRATIONS_FROM_STREAMS_ONLY: readonly Migration[] = [
  { tag: "v1", new_sqlite_classes: [STREAM_CLASS] },
  { tag: "v2", new_sqlite_classes: [PROJECT_CLASS] },
];

/** The bindings that are no variables, by name. */
export const BINDING = {
  streams: "STREAMS",
  projects: "PROJECTS",
  bucket: "R2",
  registry: "REGISTRY",
  metrics: "METRICS",
  operatorSecret: "OPERATOR_SECRET",
} as const;

/**
 * The configuration in wrangler's own words. What wrangler would otherwise decide by itself is said: whether the
 * workers.dev address is open, that previews of versions have none, that logs are kept.
 */
export function wranglerConfig(config: WorkerConfig): Record<string, unknown> {
  const { name, accountId, main, bundled, customDomain, namespaceId, analyticsDataset } = config;
  return {
    name,
    ...(accountId === undefined ? {} : { account_id: accountId }),
    main,
    ...(bundled === undefined ? {} : { no_bundle: true, find_additional_modules: bundled.withModules }),
    compatibility_date: config.compatibilityDate,
    workers_dev: customDomain === undefined,
    preview_urls: false,
    ...(customDomain === undefined ? {} : { routes: [{ pattern: customDomain, custom_domain: true }] }),
    durable_objects: {
      bindings: [
        { name: BINDING.streams, class_name: STREAM_CLASS },
        { name: BINDING.projects, class_name: PROJECT_CLASS },
      ],
    },
    migrations: config.migrations,
    r2_buckets: [{ binding: BINDING.bucket, bucket_name: config.bucket }],
    kv_namespaces: [{ binding: BINDING.registry, ...(namespaceId === undefined ? {} : { id: namespaceId }) }],
    ...(analyticsDataset === undefined
      ? {}
      : { analytics_engine_datasets: [{ binding: BINDING.metrics, dataset: analyticsDataset }] }),
    vars: config.vars,
    observability: { enabled: true },
  };
}
