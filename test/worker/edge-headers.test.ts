import { describe, expect, test } from "vitest";
import { openSse } from "./support/sse-client.ts";
import {
  createStream,
  freshName,
  nextOffset,
  offsetAt,
  producer,
  sendTo,
  StreamClient,
} from "./support/stream-client.ts";

const PUBLIC = "public, max-age=60, stale-while-revalidate=300";
const send = sendTo();

/** Every way a stream is answered, errors left out: they have a table of their own. */
async function everyAnswer(): Promise<Map<string, Response>> {
  const stream = new StreamClient(freshName(), "application/json", send);
  const answers = new Map<string, Response>();
  answers.set("201 created", await stream.put({ body: "[1]" }));
  answers.set("200 exists", await stream.put());
  answers.set("204 appended", await stream.post("2"));
  answers.set("200 appended by a producer", await stream.post("3", producer("p", 0, 0)));
  answers.set("204 duplicate", await stream.post("3", producer("p", 0, 0)));
  answers.set("200 read", await stream.get());
  answers.set("200 read at the tail", await stream.get(`?offset=${offsetAt(3)}`));
  answers.set("200 read from now", await stream.get("?offset=now"));
  const tag = answers.get("200 read")?.headers.get("ETag") ?? "";
  answers.set("304 not modified", await stream.get("", { "If-None-Match": tag }));
  answers.set("200 long-poll", await stream.get("?offset=-1&live=long-poll"));
  const sse = await openSse(stream);
  await sse.cancel();
  answers.set("200 SSE", sse.response);
  answers.set("200 HEAD", await stream.head());
  await stream.close();
  answers.set("204 long-poll on a closed stream", await stream.get(`?offset=${offsetAt(3)}&live=long-poll`));
  answers.set("204 deleted", await stream.delete());
  answers.set("204 preflight", await send(stream.path, { method: "OPTIONS" }));
  answers.set("200 health", await send("/v1/health"));
  return answers;
}

describe("headers: what every answer carries", () => {
  test("the browser's protections, and which headers a script may read", async () => {
    for (const [name, { headers }] of await everyAnswer()) {
      expect(headers.get("X-Content-Type-Options"), name).toBe("nosniff");
      expect(headers.get("Cross-Origin-Resource-Policy"), name).toBe("cross-origin");
      expect(headers.get("Content-Security-Policy"), name).toBe("default-src 'none'; sandbox");
      expect(headers.get("Access-Control-Allow-Origin"), name).toBe("*");
      const exposed = headers.get("Access-Control-Expose-Headers") ?? "";
      for (const [header] of headers) {
        if (/^(stream|producer)-/.test(header)) expect(exposed.toLowerCase(), `${name}: ${header}`).toContain(header);
      }
    }
  });

  test("Cache-Control: only chunks of messages may be kept", async () => {
    const cached = new Map(
      [...(await everyAnswer())].map(([name, { headers }]) => [name, headers.get("Cache-Control")]),
    );
    expect(Object.fromEntries(cached)).toEqual({
      "201 created": "no-store",
      "200 exists": "no-store",
      "204 appended": "no-store",
      "200 appended by a producer": "no-store",
      "204 duplicate": "no-store",
      "200 read": PUBLIC,
      "200 read at the tail": "no-store",
      "200 read from now": "no-store",
      "304 not modified": PUBLIC,
      "200 long-poll": PUBLIC,
      "200 SSE": "no-cache, no-store",
      "200 HEAD": "no-store",
      "204 long-poll on a closed stream": "no-store",
      "204 deleted": "no-store",
      "204 preflight": "no-store",
      "200 health": "no-store",
    });
  });

  test("statuses are as their names say", async () => {
    for (const [name, { status }] of await everyAnswer()) expect(status, name).toBe(Number(name.slice(0, 3)));
  });

  test("binary is downloaded rather than shown, text and JSON are not", async () => {
    for (const [contentType, disposition] of [
      ["application/octet-stream", "attachment"],
      ["image/svg+xml", "attachment"],
      ["text/html", null],
      ["application/json", null],
    ] as const) {
      const stream = await createStream({ contentType });
      for (const answer of [await stream.get(), await stream.head()]) {
        expect(answer.headers.get("Content-Disposition"), contentType).toBe(disposition);
        expect(answer.headers.get("Content-Type")).toBe(contentType);
      }
    }
  });

  test("a preflight allows every method and every header of the protocol, If-None-Match included", async () => {
    const { headers } = await send("/v1/stream/a", {
      method: "OPTIONS",
      headers: { Origin: "https://a.example", "Access-Control-Request-Method": "PUT" },
    });
    expect(headers.get("Access-Control-Allow-Methods")).toBe("GET, HEAD, POST, PUT, DELETE, OPTIONS");
    const allowed = (headers.get("Access-Control-Allow-Headers") ?? "").split(", ");
    for (const name of [
      "Authorization",
      "Content-Type",
      "If-None-Match",
      "Stream-Seq",
      "Stream-TTL",
      "Stream-Expires-At",
    ]) {
      expect(allowed).toContain(name);
    }
    for (const name of ["Stream-Closed", "Producer-Id", "Producer-Epoch", "Producer-Seq"])
      expect(allowed).toContain(name);
    expect(headers.get("Access-Control-Max-Age")).toBe("86400");
    expect(headers.get("Access-Control-Allow-Credentials")).toBeNull();
  });
});

describe("headers: HEAD", () => {
  test("tells type, tail, end and closure, and has no body and no ETag", async () => {
    const stream = await createStream({ headers: { "Stream-TTL": "60" }, body: "[1,2]" });
    const open = await stream.head();
    expect([open.status, await open.text(), open.headers.get("ETag")]).toEqual([200, "", null]);
    expect([nextOffset(open), open.headers.get("Stream-TTL")]).toEqual([offsetAt(2), "60"]);
    expect([open.headers.get("Stream-Closed"), open.headers.get("Stream-Expires-At")]).toEqual([null, null]);
    await stream.close();
    expect((await stream.head()).headers.get("Stream-Closed")).toBe("true");
  });

  test("an instant of expiry comes back as it was written", async () => {
    const written = "2099-01-01T00:00:00.5+02:00";
    const stream = await createStream({ headers: { "Stream-Expires-At": written } });
    expect((await stream.head()).headers.get("Stream-Expires-At")).toBe(written);
    const same = await stream.put({ headers: { "Stream-Expires-At": "2098-12-31T22:00:00.500Z" } });
    expect(same.status).toBe(200);
  });
});

describe("headers: ETag and 304", () => {
  test("an ETag stands for one range, and changes with it and with closure", async () => {
    const stream = await createStream({ body: "[1,2]" });
    const tags = new Set<string | null>();
    const remember = async (query = ""): Promise<void> => {
      tags.add((await stream.get(query)).headers.get("ETag"));
    };
    await remember();
    await remember();
    expect(tags.size).toBe(1);
    await remember(`?offset=${offsetAt(1)}`);
    await stream.append("3");
    await remember();
    await stream.close();
    await remember();
    await remember(`?offset=${offsetAt(3)}`);
    expect(tags.size).toBe(5);
    expect([...tags].filter((tag) => tag?.endsWith(':c"'))).toHaveLength(2);
  });

  test("a reader at the tail learns of the closure instead of getting 304", async () => {
    const stream = await createStream({ body: "[1]" });
    const query = `?offset=${offsetAt(1)}`;
    const tag = (await stream.get(query)).headers.get("ETag") ?? "";
    expect((await stream.get(query, { "If-None-Match": tag })).status).toBe(304);
    await stream.close();
    const closed = await stream.get(query, { "If-None-Match": tag });
    expect([closed.status, closed.headers.get("Stream-Closed")]).toEqual([200, "true"]);
  });

  test("If-None-Match takes a list, weak tags and *, and a 304 has no body", async () => {
    const stream = await createStream({ body: "[1]" });
    const tag = (await stream.get()).headers.get("ETag") ?? "";
    for (const value of [tag, `"x", ${tag}`, `W/${tag}`, "*"]) {
      const answer = await stream.get("", { "If-None-Match": value });
      expect([answer.status, answer.body, answer.headers.get("ETag")], value).toEqual([304, null, tag]);
      expect(nextOffset(answer)).toBe(offsetAt(1));
    }
    expect((await stream.get("", { "If-None-Match": '"x"' })).status).toBe(200);
  });

  test("offset=now has no ETag, since it stands for another range at every moment", async () => {
    const stream = await createStream({ body: "[1]" });
    const answer = await stream.get("?offset=now", { "If-None-Match": "*" });
    expect([answer.status, await answer.text(), answer.headers.get("ETag")]).toEqual([200, "[]", null]);
  });
});

describe("headers: cursors", () => {
  test("a live answer has one, and never one that is not past the client's own", async () => {
    const stream = await createStream({ body: "[1]" });
    const first = (await stream.get("?offset=-1&live=long-poll")).headers.get("Stream-Cursor") ?? "";
    for (const cursor of [first, String(Number(first) + 1000)]) {
      const poll = await stream.get(`?offset=-1&live=long-poll&cursor=${cursor}`);
      expect(Number(poll.headers.get("Stream-Cursor"))).toBeGreaterThan(Number(cursor));
      const sse = await openSse(stream, "-1", `&cursor=${cursor}`);
      const { control } = await sse.untilUpToDate();
      expect(Number(control.streamCursor)).toBeGreaterThan(Number(cursor));
      await sse.cancel();
    }
  });

  test("what is no cursor of ours is taken for none", async () => {
    const stream = await createStream({ body: "[1]" });
    for (const cursor of ["abc", "-5", "1e9", ""]) {
      const poll = await stream.get(`?offset=-1&live=long-poll&cursor=${cursor}`);
      expect([poll.status, poll.headers.get("Stream-Cursor")]).toEqual([200, expect.stringMatching(/^\d+$/)]);
    }
  });
});
