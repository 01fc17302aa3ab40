import { ApiError } from "./api-error.ts";
import { ok, param, type Answer, type Call, type Route } from "./route.ts";
import type { Runtime } from "./runtime.ts";
import { exactly, fields, matching, text } from "./shape.ts";
import type { Bucket, PlaneState } from "./state.ts";

const BUCKETS = "/accounts/:account/r2/buckets";
const permission = "Workers R2 Storage";
const LIST_LIMIT = 1000;

/** R2 as an account's owner sees it; the objects are those of the Workers' bindings. */
export function bucketRoutes(state: PlaneState, runtime: Runtime): readonly Route[] {
  const bucketOf = (call: Call): Bucket => {
    const bucket = state.buckets.get(param(call, "bucket"));
    if (bucket === undefined) throw new ApiError(404, 10006, "The specified bucket does not exist.");
    return bucket;
  };
  const objects = (call: Call): ReturnType<Runtime["bucket"]> => runtime.bucket(bucketOf(call).name);
  const guarded = (route: Route): Route => ({
    ...route,
    permission,
    handle(call) {
      if (!state.r2Enabled) throw new ApiError(403, 10042, "Please enable R2 through the Cloudflare Dashboard.");
      return route.handle(call);
    },
  });
  const routes: readonly Route[] = [
    {
      name: `GET ${BUCKETS}`,
      query: {
        cursor: /./,
        direction: /^(?:asc|desc)$/,
        name_contains: /./,
        order: /^name$/,
        per_page: /^\d+$/,
        start_after: /./,
      },
      handle: ({ query }) => ok(...listBuckets(state, query)),
    },
    {
      name: `POST ${BUCKETS}`,
      body: {
        kind: "json",
        shape: fields(
          { name: matching(/^[\s\S]{1,100}$/) },
          { storageClass: exactly("Standard", "InfrequentAccess"), locationHint: text },
        ),
      },
      handle({ json }) {
        const { name } = json as { name: string };
        if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(name)) {
          throw new ApiError(400, 10005, "The specified bucket name is not valid.");
        }
        if (state.buckets.has(name)) {
          throw new ApiError(409, 10004, "The bucket you tried to create already exists, and you own it.");
        }
        const bucket = { name, createdOn: new Date().toISOString() };
        state.buckets.set(name, bucket);
        return ok(shown(bucket));
      },
    },
    { name: `GET ${BUCKETS}/:bucket`, handle: (call) => ok(shown(bucketOf(call))) },
    {
      name: `DELETE ${BUCKETS}/:bucket`,
      async handle(call) {
        const { objects: left } = await (await objects(call)).list({ limit: 1 });
        if (left.length > 0) throw new ApiError(409, 10008, "The bucket you tried to delete is not empty.");
        state.buckets.delete(bucketOf(call).name);
        return ok({});
      },
    },
    {
      name: `GET ${BUCKETS}/:bucket/objects`,
      query: { cursor: /./, delimiter: /./, per_page: /^\d+$/, prefix: /./ },
      handle: async (call) => ok(...(await listObjects(await objects(call), call.query))),
    },
    {
      name: `GET ${BUCKETS}/:bucket/objects/:key*`,
      async handle(call): Promise<Answer> {
        const found = await (await objects(call)).get(param(call, "key"));
        if (found === null) throw new ApiError(404, 10007, "The specified key does not exist.");
        const type = found.httpMetadata?.contentType ?? "application/octet-stream";
        return { raw: Buffer.from(await found.arrayBuffer()), type, headers: { etag: found.httpEtag } };
      },
    },
    {
      name: `PUT ${BUCKETS}/:bucket/objects/:key*`,
      body: { kind: "bytes" },
      async handle(call) {
        const contentType = call.headers["content-type"];
        const httpMetadata = contentType === undefined ? {} : { contentType };
        const put = await (await objects(call)).put(param(call, "key"), new Uint8Array(call.body), { httpMetadata });
        return ok({
          key: put.key,
          etag: put.etag,
          size: put.size,
          uploaded: put.uploaded.toISOString(),
          version: put.version,
        });
      },
    },
    {
      name: `DELETE ${BUCKETS}/:bucket/objects/:key*`,
      async handle(call) {
        const key = param(call, "key");
        await (await objects(call)).delete(key);
        return ok({ key });
      },
    },
  ];
  return routes.map(guarded);
}

function shown({ name, createdOn }: Bucket): Record<string, unknown> {
  return { name, creation_date: createdOn, location: "WEUR", storage_class: "Standard", jurisdiction: "default" };
}

function listBuckets(state: PlaneState, query: URLSearchParams): [unknown, unknown] {
  const perPage = Number(query.get("per_page") ?? 20);
  const after = query.get("cursor") ?? query.get("start_after") ?? "";
  const part = query.get("name_contains") ?? "";
  const matching = [...state.buckets.values()]
    .filter(({ name }) => name > after && name.includes(part))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
  const page = matching.slice(0, perPage);
  const cursor = matching.length > perPage ? page.at(-1)?.name : undefined;
  return [{ buckets: page.map(shown) }, { per_page: perPage, ...(cursor === undefined ? {} : { cursor }) }];
}

async function listObjects(
  bucket: Awaited<ReturnType<Runtime["bucket"]>>,
  query: URLSearchParams,
): Promise<[unknown, unknown]> {
  const limit = Math.min(Number(query.get("per_page") ?? 20), LIST_LIMIT);
  const asked = (name: string): Record<string, string> => {
    const value = query.get(name);
    return value === null ? {} : { [name]: value };
  };
  const list = await bucket.list({ limit, ...asked("prefix"), ...asked("cursor"), ...asked("delimiter") });
  const objects = list.objects.map(({ key, etag, size, uploaded, httpMetadata, customMetadata }) => ({
    key,
    etag,
    size,
    last_modified: uploaded.toISOString(),
    http_metadata: httpMetadata ?? {},
    custom_metadata: customMetadata ?? {},
    storage_class: "Standard",
  }));
  const info = {
    cursor: list.truncated ? list.cursor : "",
    is_truncated: list.truncated,
    per_page: limit,
    delimited: list.delimitedPrefixes,
  };
  return [objects, info];
}
