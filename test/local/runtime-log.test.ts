import { expect, test } from "vitest";
import { parseLine, tellsTooManyFiles } from "../../src/local/runtime-log.ts";

function said(level: string, message: string): string {
  return JSON.stringify({ timestamp: 1, level, message });
}

test.each([
  [
    "an exception loses the places in workerd's own source and binary",
    said(
      "error",
      "workerd/server/server.c++:6231: error: Uncaught exception: kj/compat/url.c++:165: failed: expected tryParse(url); invalid URL\nstack: /opt/bin/workerd@526a2d4 /opt/bin/workerd@2020201",
    ),
    { level: "error", message: "Uncaught exception: expected tryParse(url); invalid URL" },
  ],
  [
    "the Worker's own words stay as they are",
    said("log", "ready: a.c is 3"),
    { level: "info", message: "ready: a.c is 3" },
  ],
  ["several lines stay together", said("warn", "one\ntwo"), { level: "warn", message: "one\ntwo" }],
  [
    "what is not JSON is shown as an error",
    "workerd: cannot execute",
    { level: "error", message: "workerd: cannot execute" },
  ],
  ["JSON that is no log entry is shown as it is", "[1]", { level: "error", message: "[1]" }],
])("%s", (_, line, expected) => {
  expect(parseLine(line)).toEqual(expected);
});

test.each([
  "kj::getCaughtExceptionAsKj() = kj/async-io-unix.c++:186: disconnected: ::write(fd, buffer, size): Broken pipe\nstack: 2f0e1a0 2f0e2b1",
  "workerd/server/server.c++:4012: error: kj/async-io-unix.c++:1075: disconnected: ::read(fd, buffer, maxBytes): Connection reset by peer",
])("a client that went away is no news: %j", (message) => {
  expect(parseLine(said("error", message))).toBeUndefined();
});

test.each([
  "*** Fatal uncaught kj::Exception: kj/async-io-unix.c++:186: disconnected: ::write(fd, buffer, size): Broken pipe",
  "kj::getCaughtExceptionAsKj() = kj/filesystem-disk-unix.c++:186: failed: ::write(fd, buffer, size): No space left on device",
  "the Worker's own: disconnected: ::write() of a client",
])("what is not known to be harmless is shown: %j", (message) => {
  expect(parseLine(said("error", message))).toMatchObject({ level: "error" });
});

test("of a runtime's last words those about too many open files are recognised", () => {
  const fatal = parseLine("*** Fatal uncaught kj::Exception: overloaded: accept: Too many open files");
  expect(fatal !== undefined && tellsTooManyFiles(fatal)).toBe(true);
  expect(tellsTooManyFiles({ level: "error", message: "Too many open files, says the Worker" })).toBe(false);
});

test.each([said("warning", "Not symbolizing stack traces because $LLVM_SYMBOLIZER is not set"), said("info", " "), ""])(
  "nothing is shown for %j",
  (line) => {
    expect(parseLine(line)).toBeUndefined();
  },
);
