import { paged } from "./account-routes.ts";
import { ApiError } from "./api-error.ts";
import { ok, param, type Answer, type Call, type Route } from "./route.ts";
import type { Runtime } from "./runtime.ts";
import { hexId } from "./script-changes.ts";
import { anything, boolean, fields, listOf, matching, number, text } from "./shape.ts";
import type { KvNamespace, PlaneState } from "./state.ts";

const NAMESPACES = "/accounts/:account/storage/kv/namespaces";
const permission = "Workers KV Storage";

/** KV as an account's owner sees it; the values are those of the Workers' bindings. */
export function namespaceRoutes(state: PlaneState, runtime: Runtime): readonly Route[] {
  const namespaceOf = (call: Call): KvNamespace => {
    const namespace = state.namespaces.get(param(call, "namespace"));
    if (namespace === undefined) throw new ApiError(404, 10013, "namespace not found");
    return namespace;
  };
  const values = (call: Call): ReturnType<Runtime["namespace"]> => runtime.namespace(namespaceOf(call).id);
  const requireFree = (title: string): void => {
    if (![...state.namespaces.values()].some((each) => each.title === title)) return;
    throw new ApiError(400, 10014, "a namespace with this account ID and title already exists");
  };
  const routes: readonly Route[] = [
    {
      name: `GET ${NAMESPACES}`,
      query: {
        page: /^[1-9]\d*$/,
        per_page: /^(?:[1-9]\d?|100|[1-9]\d\d|1000)$/,
        order: /^(?:id|title)$/,
        direction: /^(?:asc|desc)$/,
      },
      handle({ query }) {
        const { page, info } = paged([...state.namespaces.values()], query);
        return ok(page.map(shown), info);
      },
    },
    {
      name: `POST ${NAMESPACES}`,
      body: { kind: "json", shape: fields({ title: matching(/^[\s\S]{1,512}$/) }) },
      handle({ json }) {
        const { title } = json as { title: string };
        requireFree(title);
        const namespace = { id: hexId(), title };
        state.namespaces.set(namespace.id, namespace);
        return ok(shown(namespace));
      },
    },
    { name: `GET ${NAMESPACES}/:namespace`, handle: (call) => ok(shown(namespaceOf(call))) },
    {
      name: `DELETE ${NAMESPACES}/:namespace`,
      handle(call) {
        state.namespaces.delete(namespaceOf(call).id);
        return ok(null);
      },
    },
    {
      name: `GET ${NAMESPACES}/:namespace/keys`,
      query: { cursor: /^.*$/, limit: /^\d+$/, prefix: /^.*$/ },
      async handle(call) {
        const limit = Number(call.query.get("limit") ?? 1000);
        if (limit < 10 || limit > 1000) throw new ApiError(400, 10020, "limit must be between 10 and 1000");
        const prefix = call.query.get("prefix") ?? "";
        const cursor = call.query.get("cursor") ?? "";
        const list = await (await values(call)).list({ limit, prefix, ...(cursor === "" ? {} : { cursor }) });
        const keys = list.keys.map(({ name, expiration, metadata }) => ({
          name,
          ...(expiration === undefined ? {} : { expiration }),
          ...(metadata === undefined ? {} : { metadata }),
        }));
        return ok(keys, { count: keys.length, cursor: list.list_complete ? "" : list.cursor });
      },
    },
    {
      name: `GET ${NAMESPACES}/:namespace/values/:key`,
      async handle(call): Promise<Answer> {
        const found = await (await values(call)).get(param(call, "key"), "arrayBuffer");
        if (found === null) throw new ApiError(404, 10009, "get: 'key not found'");
        return { raw: Buffer.from(found), type: "application/octet-stream" };
      },
    },
    {
      name: `PUT ${NAMESPACES}/:namespace/values/:key`,
      query: { expiration_ttl: /^\d+$/, expiration: /^\d+$/ },
      body: { kind: "bytes" },
      async handle(call) {
        await (await values(call)).put(param(call, "key"), new Uint8Array(call.body));
        return ok({});
      },
    },
    {
      name: `DELETE ${NAMESPACES}/:namespace/values/:key`,
      async handle(call) {
        await (await values(call)).delete(param(call, "key"));
        return ok({});
      },
    },
    {
      name: `PUT ${NAMESPACES}/:namespace/bulk`,
      body: {
        kind: "json",
        shape: listOf(
          fields(
            { key: text, value: text },
            { base64: boolean, expiration: number, expiration_ttl: number, metadata: anything },
          ),
        ),
      },
      async handle(call) {
        const namespace = await values(call);
        const entries = call.json as { key: string; value: string; base64?: boolean }[];
        for (const { key, value, base64 } of entries) {
          await namespace.put(key, base64 === true ? new Uint8Array(Buffer.from(value, "base64")) : value);
        }
        return ok({ successful_key_count: entries.length, unsuccessful_keys: [] });
      },
    },
    ...[`DELETE ${NAMESPACES}/:namespace/bulk`, `POST ${NAMESPACES}/:namespace/bulk/delete`].map((name): Route => ({
      name,
      body: { kind: "json", shape: listOf(text) },
      async handle(call) {
        const namespace = await values(call);
        const keys = call.json as string[];
        for (const key of keys) await namespace.delete(key);
        return ok({ successful_key_count: keys.length, unsuccessful_keys: [] });
      },
    })),
  ];
  return routes.map((route) => ({ ...route, permission }));
}

function shown({ id, title }: KvNamespace): Record<string, unknown> {
  return { id, title, supports_url_encoding: true };
}
