import { expect, test } from "vitest";
import { leakedSecrets } from "../../scripts/lib/leaked-secrets.mjs";
import { newSecret } from "../../src/protocol/secret.ts";

test("leaked secrets: each is found wherever it stands, and counted once", () => {
  const [project, operator] = [newSecret("project"), newSecret("operator")];
  expect(leakedSecrets(`{"secret":"${project}"} DURABLE_STREAMS_OPERATOR_SECRET=${operator}\n${project}`)).toBe(2);
});

test("leaked secrets: what only looks like one is none", () => {
  const secret = newSecret("project");
  const changed = secret.slice(0, -1) + (secret.endsWith("0") ? "1" : "0");
  expect(leakedSecrets(`dssk_... dsop_${"0".repeat(49)} ${changed} ${secret}0`)).toBe(0);
});
