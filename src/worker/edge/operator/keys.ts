import { protocolError, quote } from "../../../protocol/errors.ts";
import { KEY_OVERLAP_DEFAULT_SECONDS, TOKEN_LIFETIME_MAX_SECONDS } from "../../../protocol/limits.ts";
import { failed, parsed, type Parsed } from "../../../protocol/result.ts";
import { respondError } from "../responses.ts";
import { invalidField, keyOf, readFields } from "./fields.ts";
import { respondNoProject, respondProject, type Projects } from "./project-objects.ts";

/** No token lives longer, so nobody needs an old key for longer. */
const OVERLAP_MAX_SECONDS = TOKEN_LIFETIME_MAX_SECONDS;

/**
 * `POST /v1/__ds/projects/{name}/keys`: lets a new key sign, and accepts those before it for `overlapSeconds` more. With 0
 * they are revoked now.
 */
export async function rotateKey(projects: Projects, name: string, request: Request): Promise<Response> {
  const fields = await readFields(request, ["secret", "overlapSeconds"]);
  if (!fields.ok) return respondError(fields.error);
  const overlap = parseOverlap(fields.value["overlapSeconds"]);
  if (!overlap.ok) return respondError(overlap.error);
  const key = await keyOf(fields.value);
  if (!key.ok) return respondError(key.error);
  return projects.of(name, async (object) => {
    const outcome = await object.rotate(name, key.value.key, overlap.value * 1000);
    switch (outcome.kind) {
      case "absent":
        return respondNoProject(name);
      case "refused":
        return respondError(outcome.error);
      case "done":
        return respondProject(outcome.record, outcome.isNew ? 201 : 200, key.value.made);
    }
  });
}

/** `DELETE /v1/__ds/projects/{name}/keys[/{kid}]`: retires every key but the one that signs, or only the one named. */
export function deleteKeys(projects: Projects, name: string, kid: string | undefined): Promise<Response> {
  return projects.of(name, async (object) => {
    const outcome = await object.retire(name, kid);
    switch (outcome.kind) {
      case "absent":
        return respondNoProject(name);
      case "done":
        return respondProject(outcome.record);
      case "signs":
        return respondError(
          protocolError("KEY_SIGNS", `The key ${quote(kid ?? "")} is the one that signs; rotate to another one first.`),
        );
      case "no-key":
        return respondError(
          protocolError("KEY_NOT_FOUND", `The project ${quote(name)} has no key ${quote(kid ?? "")} any more.`),
        );
    }
  });
}

function parseOverlap(value: unknown): Parsed<number> {
  if (value === undefined) return parsed(KEY_OVERLAP_DEFAULT_SECONDS);
  const isNumber = typeof value === "number" && Number.isInteger(value);
  if (isNumber && value >= 0 && value <= OVERLAP_MAX_SECONDS) return parsed(value);
  const most = String(OVERLAP_MAX_SECONDS);
  return failed(invalidField(`The field \`overlapSeconds\` must be a whole number from 0 to ${most}.`));
}
