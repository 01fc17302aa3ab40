import { calculateJwkThumbprint } from "jose";
import { JWKS_MAX_AGE_SECONDS, WEBHOOK_REPLAY_WINDOW_SECONDS } from "../../protocol/limits.ts";
import type { WebhookPublicKey, WebhookSigningKey } from "./operations.ts";

/** A key that webhooks are, will be or were signed with. */
export interface StoredSigningKey {
  readonly kid: string;
  /** Public coordinate and private key, base64url (RFC 8037). */
  readonly x: string;
  readonly d: string;
  /** When it takes over from the one before it. */
  readonly signsFromMs: number;
}

/** How long a key is shown before it signs: as long as a receiver may go without asking for the keys. */
const NOTICE_MS = JWKS_MAX_AGE_SECONDS * 1000;

/** How long a key is shown after it signed last: receivers take signatures for as long as the window lasts. */
const AFTERGLOW_MS = 2 * WEBHOOK_REPLAY_WINDOW_SECONDS * 1000;

/** The key that signs at a time, of keys in the order in which they sign; the first where the clock is before all of them. */
function signingAt(keys: readonly StoredSigningKey[], nowMs: number): StoredSigningKey | undefined {
  return keys.findLast(({ signsFromMs }) => signsFromMs <= nowMs) ?? keys[0];
}

/** The keys that receivers are shown: those that sign, are about to, or did so not long ago. */
function shownAt(keys: readonly StoredSigningKey[], nowMs: number): readonly StoredSigningKey[] {
  return keys.filter((_key, i) => {
    const next = keys[i + 1];
    return next === undefined || nowMs < next.signsFromMs + AFTERGLOW_MS;
  });
}

/** Where the keys of a project are kept. */
export interface SigningKeyStore {
  loadKeys(): readonly StoredSigningKey[];
  saveKeys(keys: readonly StoredSigningKey[]): void;
}

/** The keys that a project's webhooks are signed with (section 12.10). The first is made when it is first needed. */
export class SigningKeys {
  readonly #store: SigningKeyStore;
  readonly #nowMs: () => number;
  /** Changes come one after the other: making a key takes a while. */
  #changing: Promise<unknown> = Promise.resolve();

  constructor(store: SigningKeyStore, nowMs: () => number) {
    this.#store = store;
    this.#nowMs = nowMs;
  }

  /** The one that signs at the moment first. Makes none: whoever asks needs no permission to. */
  publicKeys(): readonly WebhookPublicKey[] {
    const nowMs = this.#nowMs();
    const keys = this.#store.loadKeys();
    const signing = signingAt(keys, nowMs);
    const others = shownAt(keys, nowMs).filter((key) => key !== signing);
    return (signing === undefined ? others : [signing, ...others]).map(publicKeyOf);
  }

  signingKey(): Promise<WebhookSigningKey> {
    return this.#inTurn(async () => {
      const nowMs = this.#nowMs();
      const keys = this.#store.loadKeys();
      const { kid, x, d } = signingAt(keys, nowMs) ?? (await this.#add([], nowMs));
      return { kid, x, d, freshUntilMs: pendingAt(keys, nowMs)?.signsFromMs ?? nowMs + NOTICE_MS };
    });
  }

  /** Makes a key that will sign; while one waits to sign already, that one is it, so that asking again does no harm. */
  rotate(): Promise<{ readonly kid: string; readonly signsFromMs: number }> {
    return this.#inTurn(async () => {
      const nowMs = this.#nowMs();
      const keys = this.#store.loadKeys();
      const { kid, signsFromMs } =
        pendingAt(keys, nowMs) ?? (await this.#add(keys, keys.length === 0 ? nowMs : nowMs + NOTICE_MS));
      return { kid, signsFromMs };
    });
  }

  async #add(keys: readonly StoredSigningKey[], signsFromMs: number): Promise<StoredSigningKey> {
    const key = { ...(await newKeyPair()), signsFromMs };
    this.#store.saveKeys([...shownAt(keys, this.#nowMs()), key]);
    return key;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changing.then(work);
    this.#changing = done.catch(() => undefined);
    return done;
  }
}

/** The key that is shown and does not sign yet. There is never more than one. */
function pendingAt(keys: readonly StoredSigningKey[], nowMs: number): StoredSigningKey | undefined {
  const last = keys.at(-1);
  return last !== undefined && keys.length > 1 && last.signsFromMs > nowMs ? last : undefined;
}

function publicKeyOf({ x, kid }: StoredSigningKey): WebhookPublicKey {
  return { kty: "OKP", crv: "Ed25519", x, kid, use: "sig", alg: "EdDSA" };
}

async function newKeyPair(): Promise<Pick<StoredSigningKey, "kid" | "x" | "d">> {
  const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"])) as CryptoKeyPair;
  const { x, d } = (await crypto.subtle.exportKey("jwk", pair.privateKey)) as JsonWebKey;
  if (x === undefined || d === undefined) throw new Error("the platform made an Ed25519 key without its coordinates");
  return { kid: `ds_${await calculateJwkThumbprint({ kty: "OKP", crv: "Ed25519", x })}`, x, d };
}
