import { LIST_PAGE_DEFAULT, LIST_PAGE_MAX } from "../../../protocol/limits.ts";
import { formatPageCursor, parsePageCursor } from "../../../protocol/page-cursor.ts";
import type { SubscriptionPage } from "../../directory/operations.ts";
import { timed } from "../../timing.ts";
import { parseLimit } from "../page-limit.ts";
import { respondError } from "../responses.ts";
import { instant, respondJson } from "./answers.ts";
import type { ControlContext } from "./context.ts";

/** `GET subscriptions`: all of a project's, in the order of their ids' bytes, in pages. */
export async function handleListSubscriptions({ directory, url, timing }: ControlContext): Promise<Response> {
  const after = parsePageCursor(url.searchParams.get("cursor"));
  if (!after.ok) return respondError(after.error);
  const limit = parseLimit(url.searchParams.get("limit"), LIST_PAGE_MAX, LIST_PAGE_DEFAULT);
  if (!limit.ok) return respondError(limit.error);
  const { subscriptions, more } = await timed(timing, "directory", async (): Promise<SubscriptionPage> =>
    directory.subscriptions(after.value, limit.value),
  );
  const last = more ? subscriptions.at(-1)?.id : undefined;
  return respondJson({
    subscriptions: subscriptions.map(({ id, type, pattern, createdAtMs }) => ({
      id,
      type,
      pattern: pattern ?? null,
      created_at: instant(createdAtMs),
    })),
    next_cursor: last === undefined ? null : formatPageCursor(last),
  });
}
