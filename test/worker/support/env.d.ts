/** Types of `env` and `exports` of "cloudflare:workers", as the project `worker` of vitest.config.ts sets them up. */
declare namespace Cloudflare {
  interface Env {
    STREAMS: DurableObjectNamespace<import("../../../src/worker/stream/stream-do.ts").StreamDO>;
    PROJECTS: DurableObjectNamespace<import("../../../src/worker/projects/project-do.ts").ProjectDO>;
    DIRECTORY: DurableObjectNamespace<import("../../../src/worker/directory/directory-do.ts").DirectoryDO>;
    SUBSCRIPTIONS: DurableObjectNamespace<
      import("../../../src/worker/subscriptions/subscription-do.ts").SubscriptionDO
    >;
    R2: R2Bucket;
    REGISTRY: KVNamespace;
  }
  interface GlobalProps {
    mainModule: typeof import("../../../src/worker/index.ts");
    durableNamespaces: "StreamDO" | "ProjectDO" | "DirectoryDO" | "SubscriptionDO";
  }
}

/** A file of the repository as its text, taken in when the tests are bundled. */
declare module "*?raw" {
  const text: string;
  export default text;
}
