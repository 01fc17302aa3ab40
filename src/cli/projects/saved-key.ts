import type { ProjectFacts } from "../../client/projects.ts";
import { keyId } from "../../protocol/secret.ts";
import type { HeldSecrets } from "./kept-secret.ts";

/** Of which key of a project the secret is that was saved here. */
export type SavedKey = "signing" | "retiring" | "unknown" | "none";

export async function savedKey({ keys }: ProjectFacts, { secret, nextSecret }: HeldSecrets): Promise<SavedKey> {
  const saved = secret ?? nextSecret;
  if (saved === undefined) return "none";
  const kid = await keyId(saved);
  const at = keys.findIndex((key) => key.kid === kid);
  if (at === -1) return "unknown";
  return at === 0 ? "signing" : "retiring";
}
