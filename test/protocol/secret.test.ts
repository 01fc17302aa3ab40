import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SECRET_MAX_BYTES, SECRET_MIN_BYTES } from "../../src/protocol/limits.ts";
import { keyId, newSecret, secretProblem, type SecretKind } from "../../src/protocol/secret.ts";

const KINDS: readonly SecretKind[] = ["project", "operator"];
const PREFIX_LENGTH = "dssk_".length;
const secret = fc
  .tuple(fc.constantFrom(...KINDS), fc.uint8Array({ minLength: 32, maxLength: 32 }))
  .map(([kind, random]) => ({ kind, text: newSecret(kind, random) }));
const digit = fc.stringMatching(/^[0-9A-Za-z]$/);

/** Nothing of a secret is printed, not even one of a test: only what is wrong with it. */
function problem(text: string, kind: SecretKind): string | undefined {
  return secretProblem(text, kind)?.message;
}

describe("secrets: made by us", () => {
  test.each([
    ["project", /^dssk_[0-9A-Za-z]{49}$/],
    ["operator", /^dsop_[0-9A-Za-z]{49}$/],
  ] as const)("secrets: that of a %s has its prefix, 43 digits and 6 check digits, and nothing wrong", (kind, form) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (random) => {
        const text = newSecret(kind, random);
        expect([form.test(text), problem(text, kind)]).toEqual([true, undefined]);
      }),
    );
  });

  test("secrets: the smallest and the largest random value have the same length and differ", () => {
    const [least, most] = [0x00, 0xff].map((byte) => newSecret("project", new Uint8Array(32).fill(byte)));
    expect([least?.length, most?.length]).toEqual([54, 54]);
    expect(least?.slice(PREFIX_LENGTH, -6)).toBe("0".repeat(43));
    expect(most?.slice(PREFIX_LENGTH, -6)).not.toBe("0".repeat(43));
  });

  test("secrets: all 256 bits are in them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat({ max: 255 }), (random, bit) => {
        const other = Uint8Array.from(random);
        other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(newSecret("project", random) === newSecret("project", other)).toBe(false);
      }),
    );
  });

  test("secrets: no two are the same", () => {
    expect(new Set(Array.from({ length: 100 }, () => newSecret("operator"))).size).toBe(100);
  });

  test("secrets: the check digits are the CRC-32 of what is before them, so that scanners can tell too", () => {
    // From Python: zlib.crc32 of dssk_ and 43 zeros, in base 62 with the digits before the letters.
    expect(newSecret("project", new Uint8Array(32)).slice(-6)).toBe("01dgE9");
  });
});

describe("secrets: damage", () => {
  test("secrets: any one digit that changed is noticed", () => {
    fc.assert(
      fc.property(secret, fc.nat({ max: 48 }), digit, ({ kind, text }, at, other) => {
        const place = PREFIX_LENGTH + at;
        fc.pre(text[place] !== other);
        const damaged = `${text.slice(0, place)}${other}${text.slice(place + 1)}`;
        expect(problem(damaged, kind)).toContain("its check digits are wrong");
      }),
    );
  });

  test("secrets: any two neighbours that changed places are noticed", () => {
    fc.assert(
      fc.property(secret, fc.nat({ max: 47 }), ({ kind, text }, at) => {
        const place = PREFIX_LENGTH + at;
        const [first = "", second = ""] = text.slice(place, place + 2);
        fc.pre(first !== second);
        const damaged = `${text.slice(0, place)}${second}${first}${text.slice(place + 2)}`;
        expect(problem(damaged, kind)).toContain("its check digits are wrong");
      }),
    );
  });

  test("secrets: one that was torn off anywhere, or has more behind it, is noticed", () => {
    fc.assert(
      fc.property(secret, fc.integer({ min: PREFIX_LENGTH, max: 53 }), digit, ({ kind, text }, length, more) => {
        expect(problem(text.slice(0, length), kind)).toBeDefined();
        expect(problem(`${text}${more}`, kind)).toContain("not copied whole");
      }),
    );
  });

  test("secrets: one of the other kind is told apart, damaged or not", () => {
    const [project, operator] = [newSecret("project"), newSecret("operator")];
    expect(problem(operator, "project")).toContain("is an operator's");
    expect(problem(project, "operator")).toContain("is a project's");
    expect(problem(`${project}x`, "operator")).toContain("is a project's");
  });

  test.each([" ", "\n", "\t", "\u0000", "\u007f", "é", "\u00a0"])("secrets: %j in one is refused", (character) => {
    const text = newSecret("project");
    for (const damaged of [`${text}${character}`, `${character}${text}`]) {
      expect(problem(damaged, "project")).toContain("visible ASCII");
    }
  });

  test("secrets: what is wrong is told without a part of the secret", () => {
    fc.assert(
      fc.property(secret, fc.integer({ min: 8, max: 48 }), ({ kind, text }, digits) => {
        const sentence = problem(text.slice(0, PREFIX_LENGTH + digits), kind) ?? "";
        expect([sentence === "", sentence.includes(text.slice(PREFIX_LENGTH, PREFIX_LENGTH + 8))]).toEqual([
          false,
          false,
        ]);
      }),
    );
  });
});

describe("secrets: brought along", () => {
  test.each(KINDS)("secrets: visible ASCII of enough bytes is taken for a %s", (kind) => {
    for (const length of [SECRET_MIN_BYTES, 44, SECRET_MAX_BYTES]) {
      expect(problem("+/=~!".repeat(length).slice(0, length), kind)).toBeUndefined();
    }
  });

  test("secrets: too few or too many bytes are refused, with how many there may be", () => {
    for (const length of [0, 1, SECRET_MIN_BYTES - 1, SECRET_MAX_BYTES + 1]) {
      expect(secretProblem("x".repeat(length), "project")).toMatchObject({
        code: "INVALID_SECRET",
        message: expect.stringContaining(`has ${String(length)} bytes and needs 32 to 512`) as string,
      });
    }
  });
});

describe("secrets: the kid of a key", () => {
  test("secrets: it is 16 hexadecimal digits, the same each time, another for another secret", async () => {
    const [one, other] = [newSecret("project"), newSecret("project")];
    const kid = await keyId(one);
    expect(kid).toMatch(/^[0-9a-f]{16}$/);
    expect(await keyId(one)).toBe(kid);
    expect(await keyId(other)).not.toBe(kid);
  });

  test("secrets: it stays what it is, since tokens that are out there name it", async () => {
    expect(await keyId("an example that nobody signs with")).toBe("262a8e00329e9be8");
  });
});
