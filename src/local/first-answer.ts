import { get } from "node:http";
import { LocalServerError } from "./local-server-error.ts";

const PATIENCE_MS = 10_000;
/** For a server that is not ours and may not even speak HTTP. */
const GUESS_PATIENCE_MS = 1_000;
/** How the answer to `/v1/health` begins. */
const HEALTH_SHAPE = /^\{"status":"ok","version":"[^"]*","protocol":\{"version":/;
const SHOWN_BODY_CHARACTERS = 300;

/**
 * Asks the Worker for its health, which also loads and compiles it.
 * @throws LocalServerError when it answers anything but 200, or nothing within 10 s.
 */
export async function requireAnswer(url: string): Promise<void> {
  const health = `${url}/v1/health`;
  const { status, body } = await ask(health, PATIENCE_MS).catch((error: unknown) => {
    throw workerFailed(`The Worker does not answer at ${health}: ${String(error)}.`, error);
  });
  if (status === 200) return;
  throw workerFailed(`The Worker answers ${health} with status ${status}: ${body.slice(0, SHOWN_BODY_CHARACTERS)}`);
}

function workerFailed(problem: string, cause?: unknown): LocalServerError {
  return new LocalServerError(
    "worker_failed",
    problem,
    "If the messages above do not tell why, try a new folder with --persist, or reinstall durable-streams.",
    { cause },
  );
}

/** Whether a durable-streams server, of whatever version, answers there. */
export async function isDurableStreams(url: string): Promise<boolean> {
  const answer = await ask(`${url}/v1/health`, GUESS_PATIENCE_MS).catch(() => undefined);
  return answer?.status === 200 && HEALTH_SHAPE.test(answer.body);
}

function ask(url: string, patienceMs: number): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    // A connection of its own that ends with the answer: nothing of ours stays open.
    const request = get(url, { agent: false, signal: AbortSignal.timeout(patienceMs) }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (body += chunk));
      response.once("end", () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
      response.once("error", reject);
    });
    request.once("error", reject);
  });
}
