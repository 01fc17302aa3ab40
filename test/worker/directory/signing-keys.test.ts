import { evictDurableObject } from "cloudflare:test";
import { calculateJwkThumbprint } from "jose";
import { describe, expect, test } from "vitest";
import { JWKS_MAX_AGE_SECONDS, WEBHOOK_REPLAY_WINDOW_SECONDS } from "../../../src/protocol/limits.ts";
import { Clock } from "../support/clock.ts";
import { directoryOf, freshProject, inDirectory, type Directory } from "./support/directories.ts";

const AFTERGLOW_SECONDS = 2 * WEBHOOK_REPLAY_WINDOW_SECONDS;

async function shownKids(directory: Directory): Promise<string[]> {
  return (await directory.publicKeys()).map(({ kid }) => kid);
}

async function signingKid(directory: Directory): Promise<string> {
  return (await directory.signingKey()).kid;
}

describe("directory: the keys of webhooks", () => {
  test("the first is made when it is first needed, signs at once, and stays", async () => {
    const directory = directoryOf(freshProject());
    expect(await directory.publicKeys()).toEqual([]);
    const { kid } = await directory.signingKey();
    await evictDurableObject(directory);
    expect(await signingKid(directory)).toBe(kid);
    expect(await shownKids(directory)).toEqual([kid]);
  });

  test("asked for several times at once, one key is made", async () => {
    const directory = directoryOf(freshProject());
    const kids = await inDirectory(directory, (instance) =>
      Promise.all(Array.from({ length: 8 }, async () => (await instance.signingKey()).kid)),
    );
    expect(new Set(kids).size).toBe(1);
    expect(await shownKids(directory)).toEqual([kids[0]]);
  });

  test("the public key verifies what the private one signs, and its kid is its thumbprint", async () => {
    const directory = directoryOf(freshProject());
    const { kid, x, d } = await directory.signingKey();
    const [shown] = await directory.publicKeys();
    expect(shown).toEqual({ kty: "OKP", crv: "Ed25519", x, kid, use: "sig", alg: "EdDSA" });
    expect(kid).toBe(`ds_${await calculateJwkThumbprint({ kty: "OKP", crv: "Ed25519", x })}`);
    const algorithm = { name: "Ed25519" };
    const jwk = { kty: "OKP", crv: "Ed25519", x };
    const privateKey = await crypto.subtle.importKey("jwk", { ...jwk, d }, algorithm, false, ["sign"]);
    const publicKey = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["verify"]);
    const text = new TextEncoder().encode("1.{}");
    const signature = await crypto.subtle.sign(algorithm, privateKey, text);
    expect(await crypto.subtle.verify(algorithm, publicKey, signature, text)).toBe(true);
  });
});

describe("directory: rotation of the keys of webhooks", () => {
  test("a new key is shown at once, signs when every receiver may have seen it, and the old one is shown on", async () => {
    using clock = new Clock();
    const directory = directoryOf(freshProject());
    const old = await signingKid(directory);
    const { kid: added, signsFromMs } = await directory.rotateSigningKey();
    expect(signsFromMs).toBe(clock.nowMs + JWKS_MAX_AGE_SECONDS * 1000);
    expect([await signingKid(directory), await shownKids(directory)]).toEqual([old, [old, added]]);
    clock.advanceSeconds(JWKS_MAX_AGE_SECONDS - 1);
    expect(await signingKid(directory)).toBe(old);
    clock.advanceSeconds(1);
    expect([await signingKid(directory), await shownKids(directory)]).toEqual([added, [added, old]]);
    clock.advanceSeconds(AFTERGLOW_SECONDS - 1);
    expect(await shownKids(directory)).toEqual([added, old]);
    clock.advanceSeconds(1);
    expect([await signingKid(directory), await shownKids(directory)]).toEqual([added, [added]]);
  });

  test("a key that was asked for is fresh no longer than it is sure to sign", async () => {
    using clock = new Clock();
    const directory = directoryOf(freshProject());
    const { freshUntilMs } = await directory.signingKey();
    const { signsFromMs } = await directory.rotateSigningKey();
    expect(freshUntilMs).toBeLessThanOrEqual(signsFromMs);
    clock.advanceSeconds(10);
    expect((await directory.signingKey()).freshUntilMs).toBe(signsFromMs);
    clock.advanceSeconds(JWKS_MAX_AGE_SECONDS);
    expect((await directory.signingKey()).freshUntilMs).toBe(clock.nowMs + JWKS_MAX_AGE_SECONDS * 1000);
  });

  test("asked for again while a key waits to sign, that one is the answer", async () => {
    using clock = new Clock();
    const directory = directoryOf(freshProject());
    await directory.signingKey();
    const first = await directory.rotateSigningKey();
    clock.advanceSeconds(JWKS_MAX_AGE_SECONDS - 1);
    await evictDurableObject(directory);
    expect(await directory.rotateSigningKey()).toEqual(first);
    clock.advanceSeconds(1);
    expect((await directory.rotateSigningKey()).kid).not.toBe(first.kid);
  });

  test("where there was no key yet, the new one signs at once", async () => {
    using clock = new Clock();
    const directory = directoryOf(freshProject());
    const { kid, signsFromMs } = await directory.rotateSigningKey();
    expect(signsFromMs).toBe(clock.nowMs);
    expect(await signingKid(directory)).toBe(kid);
  });

  test("private keys that no one is shown any more are not kept", async () => {
    using clock = new Clock();
    const directory = directoryOf(freshProject());
    await directory.signingKey();
    for (let i = 0; i < 8; i++) {
      await directory.rotateSigningKey();
      clock.advanceSeconds(JWKS_MAX_AGE_SECONDS);
    }
    const stored = await inDirectory(directory, (_instance, storage) =>
      storage.kv.get<readonly unknown[]>("signing-keys"),
    );
    expect(stored?.length).toBeLessThanOrEqual(2 + AFTERGLOW_SECONDS / JWKS_MAX_AGE_SECONDS);
  });
});
