import type { WebhookSigningKey } from "../directory/operations.ts";

/** A key as the platform signs with it. */
interface UsableKey {
  readonly kid: string;
  readonly key: CryptoKey;
  readonly freshUntilMs: number;
}

const encoder = new TextEncoder();

/** Signs webhooks with the project's key, which it asks the directory for as seldom as it may. */
export class WebhookSigner {
  readonly #signingKey: () => Promise<WebhookSigningKey>;
  #usable: UsableKey | undefined;

  constructor(signingKey: () => Promise<WebhookSigningKey>) {
    this.#signingKey = signingKey;
  }

  /** The value of `Webhook-Signature` for a body: over the time, a dot and the body, so that neither can be changed. */
  async sign(body: string): Promise<string> {
    const { kid, key } = await this.#current();
    const seconds = String(Math.floor(Date.now() / 1000));
    const signature = await crypto.subtle.sign("Ed25519", key, encoder.encode(`${seconds}.${body}`));
    return `t=${seconds},kid=${kid},ed25519=${base64Url(new Uint8Array(signature))}`;
  }

  async #current(): Promise<UsableKey> {
    if (this.#usable !== undefined && Date.now() < this.#usable.freshUntilMs) return this.#usable;
    const { kid, x, d, freshUntilMs } = await this.#signingKey();
    const jwk = { kty: "OKP", crv: "Ed25519", x, d };
    const key = await crypto.subtle.importKey("jwk", jwk, { name: "Ed25519" }, false, ["sign"]);
    this.#usable = { kid, key, freshUntilMs };
    return this.#usable;
  }
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
