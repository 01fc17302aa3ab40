import { JWKS_MAX_AGE_SECONDS } from "../../../protocol/limits.ts";
import type { WebhookPublicKey } from "../../directory/operations.ts";
import { timed } from "../../timing.ts";
import { publicFields } from "../cors.ts";
import { respond } from "../responses.ts";
import { instant, respondJson } from "./answers.ts";
import type { ControlContext } from "./context.ts";

/** `GET jwks.json`: the keys that receivers of webhooks verify signatures by (RFC 7517). They are for everybody. */
export async function handleJwks({ directory, timing }: ControlContext): Promise<Response> {
  const keys = await timed(timing, "directory", async () => directory.publicKeys());
  const fields = {
    ...publicFields(true),
    "Content-Type": "application/jwk-set+json",
    "Cache-Control": `public, max-age=${String(JWKS_MAX_AGE_SECONDS)}`,
  };
  return respond(200, fields, JSON.stringify({ keys }));
}

/** `POST signing-key/rotate`: a new key is shown at once, and signs when every receiver had time to see it. */
export async function handleRotate({ directory, timing }: ControlContext): Promise<Response> {
  const { kid, signsFromMs } = await timed(timing, "directory", async () => directory.rotateSigningKey());
  return respondJson({ kid, signs_from: instant(signsFromMs) });
}

/** The key that signs at the moment. A project has none before it first needs one. */
export async function signingKid({ directory, timing }: Pick<ControlContext, "directory" | "timing">): Promise<string> {
  return timed(timing, "directory", async () => {
    const [signing]: readonly WebhookPublicKey[] = await directory.publicKeys();
    return signing?.kid ?? (await directory.signingKey()).kid;
  });
}
