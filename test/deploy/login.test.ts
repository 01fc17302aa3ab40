// What is made of wrangler's own failure to tell its login. A wrangler that fails so stands in for it.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { findCredentials } from "../../src/cloudflare/login.ts";
import { startScripted } from "../support/scripted-server.ts";
import { steadyPort } from "../support/steady-port.ts";

/** What is thrown where wrangler fails with this report. */
async function failureOf(message: string, apiUrl: string): Promise<unknown> {
  const packageRoot = await mkdtemp(join(tmpdir(), "durable-streams-login-"));
  const wrangler = join(packageRoot, "node_modules/wrangler");
  await mkdir(wrangler, { recursive: true });
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await rm(packageRoot, { recursive: true });
  });
  await writeFile(join(packageRoot, "package.json"), '{ "dependencies": { "wrangler": "1.0.0" } }');
  await writeFile(join(wrangler, "package.json"), '{ "name": "wrangler", "version": "1.0.0", "main": "main.cjs" }');
  const entry = JSON.stringify({ type: "command-failed", version: 1, message });
  const write = `require("fs").writeFileSync(process.env.WRANGLER_OUTPUT_FILE_PATH, ${JSON.stringify(entry)});`;
  await writeFile(join(wrangler, "main.cjs"), `${write}\nprocess.exit(1);\n`);
  vi.stubEnv("CLOUDFLARE_API_TOKEN", "");
  vi.stubEnv("CLOUDFLARE_API_BASE_URL", apiUrl);
  return findCredentials({ packageRoot, cwd: packageRoot }).then(
    () => undefined,
    (error: unknown) => error,
  );
}

const NOT_LOGGED_IN = "Not logged in. Please run `wrangler login` to authenticate.";

describe("wrangler's login", () => {
  it("that is not there, where Cloudflare can be reached, is no login", async () => {
    const server = await startScripted((_request, response) => response.writeHead(400).end());
    onTestFinished(() => server.stop());
    expect(await failureOf(NOT_LOGGED_IN, server.url)).toMatchObject({ code: "NOT_LOGGED_IN", kind: "not-allowed" });
  });

  it("that could not be renewed for want of a network is worth another try", async () => {
    const nowhere = `http://127.0.0.1:${String(await steadyPort())}`;
    expect(await failureOf(NOT_LOGGED_IN, nowhere)).toMatchObject({
      code: "CLOUDFLARE_UNREACHABLE",
      kind: "unavailable",
    });
  });

  it("that wrangler cannot tell for another reason is said as it is", async () => {
    expect(await failureOf("The profile is broken", "http://127.0.0.1:1")).toMatchObject({
      code: "WRANGLER_FAILED",
      kind: "rejected",
      message: expect.stringContaining("The profile is broken") as unknown,
    });
  });
});
