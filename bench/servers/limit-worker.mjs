// The platform's limit: a Worker that hands the request to a Durable Object, which inserts the body into SQLite and
// answers 204. No protocol at all. GET tells what was stored, so that the bench can hold it against what it sent.

/* global Response */

/** @typedef {{ exec(sql: string, ...values: unknown[]): { one(): Record<string, number> } }} Sql */

export class StreamDO {
  /** @param {{ storage: { sql: Sql } }} ctx */
  constructor(ctx) {
    this.sql = ctx.storage.sql;
    this.sql.exec("CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY, body BLOB NOT NULL)");
  }

  /** @param {Request} request */
  async fetch(request) {
    if (request.method === "GET") {
      return Response.json(this.sql.exec("SELECT count(*) AS rows, total(length(body)) AS bytes FROM log").one());
    }
    this.sql.exec("INSERT INTO log (body) VALUES (?)", await request.arrayBuffer());
    return new Response(null, { status: 204 });
  }
}

/** The launcher's configuration names these; nothing here asks them. */
class Unused {
  fetch() {
    return new Response(null, { status: 404 });
  }
}

export { Unused as DirectoryDO, Unused as ProjectDO, Unused as SubscriptionDO };

/** @typedef {{ STREAMS: { getByName(name: string): { fetch(request: Request): Promise<Response> } } }} Env */

export default {
  /**
   * @param {Request} request
   * @param {Env} env
   */
  fetch(request, env) {
    const { pathname } = new URL(request.url);
    // The launcher asks for it to know that the Worker answers.
    if (pathname === "/v1/health") return new Response(null);
    return env.STREAMS.getByName(pathname).fetch(request);
  },
};
