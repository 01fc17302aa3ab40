// docs/troubleshooting.md lists every code that the server answers with, and its status.
import { expect, test } from "vitest";
import { ERROR_CODES, errorStatus, isRetryable } from "../../src/protocol/errors.ts";
import { readDocument, rowsOf } from "./support/documents.ts";

const CODE = /^`([A-Z_]+)`$/;

test("troubleshooting: every code of the server is listed once, with its status and whether to try again", async () => {
  const rows = rowsOf(await readDocument("docs/troubleshooting.md"));
  const listed = rows.flatMap(([code = "", status = ""]) => {
    const [, name] = CODE.exec(code) ?? [];
    return name === undefined || !/^\d{3}/.test(status) ? [] : [`${name} ${status}`];
  });
  const known = ERROR_CODES.map((code) => `${code} ${String(errorStatus(code))}${isRetryable(code) ? ", again" : ""}`);
  expect(listed.toSorted()).toEqual(known.toSorted());
});
