import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";

/** A public key as receivers of webhooks look it up (RFC 8037). */
export interface PublicKey {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly kid: string;
  readonly use: "sig";
  readonly alg: "EdDSA";
}

/** Signs notifications as a server does, with a key that lives as long as this process. */
export class WebhookSigner {
  readonly publicKey: PublicKey;
  readonly #privateKey: KeyObject;

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const { x = "" } = publicKey.export({ format: "jwk" });
    this.#privateKey = privateKey;
    this.publicKey = { kty: "OKP", crv: "Ed25519", x, kid: `ds_${thumbprint(x)}`, use: "sig", alg: "EdDSA" };
  }

  /** The value of `Webhook-Signature` for a body that is sent now. */
  header(body: string, nowSeconds = Math.floor(Date.now() / 1000)): string {
    const signature = sign(null, Buffer.from(`${String(nowSeconds)}.${body}`), this.#privateKey);
    return `t=${String(nowSeconds)},kid=${this.publicKey.kid},ed25519=${signature.toString("base64url")}`;
  }
}

/** RFC 7638: the members that make the key, in the order of their names. */
function thumbprint(x: string): string {
  return createHash("sha256")
    .update(JSON.stringify({ crv: "Ed25519", kty: "OKP", x }))
    .digest("base64url");
}
