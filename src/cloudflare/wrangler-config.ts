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

/** The classes of Durable Objects, and the bindings by which the Worker finds them. */
export const OBJECT_CLASSES = [
  { binding: "STREAMS", className: "StreamDO" },
  { binding: "PROJECTS", className: "ProjectDO" },
  { binding: "DIRECTORY", className: "DirectoryDO" },
  { binding: "SUBSCRIPTIONS", className: "SubscriptionDO" },
] as const;

/** Of a Worker that begins with us. */
export const MIGRATIONS: readonly Migration[] = [
  { tag: "v1", new_sqlite_classes: OBJECT_CLASSES.map(({ className }) => className) },
];

/** The other bindings that are no variables, by name. */
export const BINDING = {
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
    // Tells the Worker when the client of a live read has gone.
    compatibility_flags: ["enable_request_signal"],
    workers_dev: customDomain === undefined,
    preview_urls: false,
    ...(customDomain === undefined ? {} : { routes: [{ pattern: customDomain, custom_domain: true }] }),
    durable_objects: {
      bindings: OBJECT_CLASSES.map(({ binding, className }) => ({ name: binding, class_name: className })),
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
