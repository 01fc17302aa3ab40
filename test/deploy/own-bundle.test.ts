import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { ROOT } from "../../scripts/lib/process.mjs";
import { ownBundle } from "../../src/cli/deploy/bundle.ts";
import { MIGRATIONS } from "../../src/cloudflare/wrangler-config.ts";

it("a Worker that does not export classes of ours is told which, and the line that does", async () => {
  const folder = await mkdtemp(join(tmpdir(), "durable-streams-bundle-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [main, work] = [join(folder, "worker.ts"), join(folder, "work")];
  await mkdir(work);
  await writeFile(main, "export class StreamDO {}\nexport class ProjectDO {}\nexport default {};\n");
  const config = {
    name: "shop",
    main,
    compatibilityDate: "2026-07-30",
    vars: {},
    bucket: "shop-segments",
    migrations: MIGRATIONS,
  };
  await expect(ownBundle(config, work, { packageRoot: ROOT, cwd: folder })).rejects.toMatchObject({
    code: "WORKER_LACKS_CLASSES",
    exitCode: 1,
    hint: `Add this line to ${main}: export { DirectoryDO, SubscriptionDO } from "durable-streams/worker";`,
  });
});
