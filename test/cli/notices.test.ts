import { afterEach, expect, it, vi } from "vitest";
import { Notices } from "../../src/cli/notices.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

it("what is said cannot command the terminal: names and reasons come from servers", () => {
  const said: string[] = [];
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
  const hostile = "account \u001b]0;owned\u0007\r\u009b2J";
  const notices = new Notices("verbose");
  notices.note(hostile);
  notices.detail(hostile);
  notices.warning(hostile);
  notices.failure(
    { code: "X", message: hostile, hint: `two\n${hostile}`, exitCode: 1, unexpected: false },
    new Error(hostile),
  );
  expect(said).toHaveLength(5);
  // A terminal's own red is ours.
  // eslint-disable-next-line no-control-regex -- the escape character is what is looked for
  const plain = said.join("").replaceAll(/\u001b\[(?:31|39)m/g, "");
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  expect(plain).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
});
