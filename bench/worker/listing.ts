// Our Worker with ways to fill a project's list with names, and to search it: /fill?project=NAME&from=N&count=N and
// /search?project=NAME&pattern=PATTERN.
import { NEVER } from "../../src/protocol/expiry.ts";
import {
  createStreamWorker,
  DirectoryDO as OurDirectoryDO,
  type BaseEnv,
} from "../../src/worker/create-stream-worker.ts";

export { ProjectDO, StreamDO, SubscriptionDO } from "../../src/worker/create-stream-worker.ts";

const worker = createStreamWorker();

/** How many streams lie in one folder. */
const FOLDER = 100;

export class DirectoryDO extends OurDirectoryDO {
  async fill(from: number, count: number): Promise<void> {
    const numbers = Array.from({ length: count }, (_, i) => from + i);
    await Promise.all(numbers.map((number) => this.register(registration(number))));
  }

  /** Looks for what matches a pattern through the whole list, page by page. */
  search(pattern: string): { readonly found: number; readonly pages: number } {
    let found = 0;
    let pages = 0;
    for (let after = "", more = true; more; pages++) {
      const page = this.matching(pattern, after, 100);
      found += page.streams.length;
      ({ after, more } = page);
    }
    return { found, pages };
  }
}

function registration(number: number): Parameters<OurDirectoryDO["register"]>[0] {
  const folder = Math.floor(number / FOLDER);
  return {
    path: `folder-${String(folder).padStart(6, "0")}/stream-${String(number % FOLDER).padStart(3, "0")}`,
    incarnation: crypto.randomUUID(),
    contentType: "application/json",
    public: false,
    createdAtMs: Date.now(),
    expiry: NEVER,
  };
}

export default {
  async fetch(request, env, ctx): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/fill" && pathname !== "/search") return worker.fetch(request, env, ctx);
    const namespace = env.DIRECTORY as unknown as DurableObjectNamespace<DirectoryDO>;
    const directory = namespace.getByName(searchParams.get("project") ?? "");
    if (pathname === "/search") return Response.json(await directory.search(searchParams.get("pattern") ?? ""));
    await directory.fill(Number(searchParams.get("from")), Number(searchParams.get("count")));
    return new Response(null, { status: 204 });
  },
} satisfies ExportedHandler<BaseEnv>;
