import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkWebhookUrl, webhookRules, webhookRulesFor } from "../../../src/protocol/subscription/webhook-url.ts";
import { anyText } from "../arbitraries.ts";

const OUTSIDE = { toLoopback: false };
const AT_HOME = { toLoopback: true };

function isAllowed(url: string, rules = OUTSIDE): boolean {
  const error = checkWebhookUrl(url, rules);
  if (error !== undefined) expect(error.code).toBe("WEBHOOK_URL_REJECTED");
  return error === undefined;
}

/** Every way to write an IPv4 address that URL parsers take for one. */
function spellings(address: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
  const whole = ((a * 256 + b) * 256 + c) * 256 + d;
  const octal = (part: number): string => `0${part.toString(8)}`;
  const hex = (part: number): string => `0x${part.toString(16)}`;
  return [
    address,
    `${address}.`,
    String(whole),
    hex(whole),
    octal(whole),
    [a, b, c, d].map(hex).join("."),
    [a, b, c, d].map(octal).join("."),
    `${String(a)}.${String((b * 256 + c) * 256 + d)}`,
    `${String(a)}.${String(b)}.${String(c * 256 + d)}`,
    `${hex(a)}.${octal(b)}.${String(c * 256 + d)}`,
    address.replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    address.replaceAll(".", "。"),
    address.replaceAll(/\d/g, (digit) => `%3${digit}`),
  ];
}

/** An IPv4 address as the last 32 bits of one of version 6. */
function hexPair(address: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

const INSIDE_V4 = [
  "0.0.0.0",
  "0.1.2.3",
  "10.0.0.1",
  "10.255.255.255",
  "100.64.0.1",
  "100.100.100.200",
  "100.127.255.255",
  "127.0.0.1",
  "127.255.255.254",
  "168.63.129.16",
  "169.254.169.254",
  "169.254.170.2",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.192",
  "192.0.2.1",
  "192.88.99.1",
  "192.168.0.1",
  "192.168.255.255",
  "198.18.0.1",
  "198.19.255.255",
  "198.51.100.1",
  "203.0.113.1",
  "224.0.0.1",
  "239.255.255.255",
  "240.0.0.1",
  "255.255.255.255",
];

const OUTSIDE_V4 = [
  "1.1.1.1",
  "9.255.255.255",
  "11.0.0.0",
  "100.63.255.255",
  "100.128.0.0",
  "126.255.255.255",
  "128.0.0.0",
  "168.63.129.15",
  "169.253.255.255",
  "169.255.0.0",
  "172.15.255.255",
  "172.32.0.0",
  "192.167.255.255",
  "192.169.0.0",
  "198.17.255.255",
  "198.20.0.0",
  "223.255.255.255",
];

describe("webhook URL: addresses of version 4 (section 12.8)", () => {
  test.each(INSIDE_V4)("refused in every spelling is %s", (address) => {
    for (const host of spellings(address)) {
      expect([host, isAllowed(`https://${host}/hook`)]).toEqual([host, false]);
      expect([host, isAllowed(`https://${host}:8443/hook`)]).toEqual([host, false]);
    }
  });

  test.each(INSIDE_V4)("refused inside of an address of version 6 is %s", (address) => {
    for (const host of [
      `::ffff:${address}`,
      `::ffff:${hexPair(address)}`,
      `0:0:0:0:0:ffff:${address}`,
      `::${address}`,
      `64:ff9b::${address}`,
      `64:ff9b:1::${hexPair(address)}`,
      `2002:${hexPair(address)}::1`,
      `2001:0:${hexPair(address)}::1`,
      `::ffff:0:${address}`,
    ]) {
      expect([host, isAllowed(`https://[${host}]/hook`)]).toEqual([host, false]);
    }
  });

  test.each(OUTSIDE_V4)("allowed is %s, which is beside what is refused", (address) => {
    expect(isAllowed(`https://${address}/hook`)).toBe(true);
  });
});

describe("webhook URL: addresses of version 6", () => {
  test.each([
    "::",
    "::1",
    "0:0:0:0:0:0:0:1",
    "fc00::1",
    "fd00:ec2::254",
    "fdff:ffff::1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:10::1",
    "2001:1ff:ffff::1",
    "2001:db8::1",
    "2002::1",
    "3fff::1",
    "3fff:0fff::1",
    "4000::1",
    "1fff:ffff::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
  ])("refused is [%s]", (address) => {
    expect(isAllowed(`https://[${address}]/hook`)).toBe(false);
    expect(isAllowed(`https://[${address}]:8443/hook`, AT_HOME)).toBe(false);
  });

  test.each([
    "2606:4700:4700::1111",
    "2a00:1450:4001::200e",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "3ffe::1",
  ])("allowed is [%s]", (address) => {
    expect(isAllowed(`https://[${address}]/hook`)).toBe(true);
  });
});

describe("webhook URL: names", () => {
  test.each([
    "localhost",
    "localhost.",
    "LOCALHOST",
    "a.localhost",
    "a.localhost.",
    "localhost.localdomain",
    "printer.local",
    "metadata.google.internal",
    "metadata.google.internal.",
    "metadata.goog",
    "router.home.arpa",
    "nas.lan",
    "wiki.corp",
    "intranet",
    "metadata",
    "kubernetes.default.svc.cluster.local",
    "10.0.0.1.nip.io",
    "10-0-0-1.NIP.io",
    "app.127.0.0.1.sslip.io",
    "127.0.0.1.xip.io",
    "localtest.me",
    "a.localtest.me",
    "lvh.me",
    "a.b.lvh.me.",
    "a..example",
    "worker.example..",
    "localhost%2e",
    "ｌｏｃａｌｈｏｓｔ",
  ])("refused is %s", (host) => {
    expect(isAllowed(`https://${host}/hook`)).toBe(false);
  });

  test.each([
    "worker.example",
    "worker.example.",
    "hooks.example.com",
    "mylocalhost.com",
    "localhost.example.com",
    "internal.example.com",
    "notnip.io",
    "local.example",
    "bücher.example",
    "xn--bcher-kva.example",
    "10.example.com",
  ])("allowed is %s", (host) => {
    expect(isAllowed(`https://${host}/hook`)).toBe(true);
  });
});

describe("webhook URL: everything else about it", () => {
  test.each([
    ["no URL", "worker.example/hook"],
    ["nothing", ""],
    ["another scheme", "ftp://worker.example/hook"],
    ["a file", "file:///etc/passwd"],
    ["a script", "javascript:alert(1)"],
    ["data", "data:text/plain,x"],
    ["no encryption", "http://worker.example/hook"],
    ["no encryption of an address", "http://8.8.8.8/hook"],
    ["a user name", "https://user@worker.example/hook"],
    ["a password", "https://user:hunter2@worker.example/hook"],
    ["an empty user name with a password", "https://:hunter2@worker.example/hook"],
    ["a host that hides behind a name", "https://worker.example@10.0.0.1/"],
    ["a host that hides behind a backslash", "https://worker.example\\@10.0.0.1/"],
    ["white space around it", " https://worker.example/hook"],
    ["a tab in it", "https://worker.exa\tmple/hook"],
    ["a line break in it", "https://worker.example/\nhook"],
    ["SSH's port", "https://worker.example:22/"],
    ["mail's port", "https://worker.example:25/"],
    ["HTTP's port", "https://worker.example:80/"],
    ["a store's port", "https://worker.example:6379/"],
    ["X11's port", "https://worker.example:6000/"],
    ["the port 0", "https://worker.example:0/"],
    ["a port that there is not", "https://worker.example:65536/"],
  ])("refused is %s", (_what, url) => {
    expect([isAllowed(url), isAllowed(url, AT_HOME)]).toEqual([false, false]);
  });

  test.each([
    "https://worker.example",
    "HTTPS://WORKER.EXAMPLE/hook",
    "https://worker.example:443/hook",
    "https://worker.example:8443/hook",
    "https://worker.example/hook?to=http://10.0.0.1/&x=%00",
    "https://worker.example/a/@10.0.0.1#fragment",
  ])("allowed is %s", (url) => {
    expect(isAllowed(url)).toBe(true);
  });

  test("no error shows a password", () => {
    expect(checkWebhookUrl("https://user:hunter2@worker.example/", OUTSIDE)?.message).not.toContain("hunter2");
  });
});

describe("webhook URL: one's own machine, where the server says so", () => {
  test.each([
    "http://localhost/hook",
    "http://localhost:4000/hook",
    "http://LOCALHOST:4000/hook",
    "http://127.0.0.1:4000/hook",
    "http://127.0.0.255/hook",
    "http://127.1/hook",
    "http://2130706433/hook",
  ])("%s", (url) => {
    expect([isAllowed(url), isAllowed(url, AT_HOME)]).toEqual([false, true]);
  });

  test.each([
    "https://localhost/hook",
    "https://127.0.0.1/hook",
    "http://localhost./hook",
    "http://a.localhost/hook",
    "http://127.0.1.1/hook",
    "http://127.1.0.1/hook",
    "http://0.0.0.0/hook",
    "http://10.0.0.1/hook",
    "http://[::1]/hook",
    "http://[::ffff:127.0.0.1]/hook",
    "http://user@localhost/hook",
    "http://localhost.example/hook",
    "http://localtest.me/hook",
  ])("still refused is %s", (url) => {
    expect(isAllowed(url, AT_HOME)).toBe(false);
  });

  test("only the one value of the variable opens it", () => {
    expect(webhookRules("allow")).toEqual(AT_HOME);
    for (const value of [undefined, "", "1", "true", "Allow"]) expect(webhookRules(value)).toEqual(OUTSIDE);
  });

  test.each([
    null,
    "http://localhost",
    "http://localhost:5173",
    "http://app.localhost:3000",
    "https://127.0.0.1:8443",
    "http://[::1]:80",
  ])("a request from %s may ask for it", (origin) => {
    expect(webhookRulesFor(origin, "allow")).toEqual(AT_HOME);
    expect(webhookRulesFor(origin, undefined)).toEqual(OUTSIDE);
  });

  test.each([
    "null",
    "https://example.com",
    "http://localhost.example.com",
    "http://evillocalhost",
    "http://127.0.0.1.example.com",
    "http://192.168.0.1",
    "file://",
  ])("a page of %s may not", (origin) => {
    expect(webhookRulesFor(origin, "allow")).toEqual(OUTSIDE);
  });
});

describe("webhook URL: whatever the parser makes of a number", () => {
  test("an address is judged the same in every spelling", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const [plain, ...others] = spellings(address).map((host) => isAllowed(`https://${host}/`));
        for (const other of others) expect(other).toBe(plain);
      }),
      { numRuns: 500 },
    );
  });

  test("no address of version 6 throws, and none outside of 2000::/3 is allowed", () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const url = `https://[${address}]/`;
        if (!isAllowed(url)) return;
        expect(new URL(url).hostname).toMatch(/^\[[23][0-9a-f]{3}:/);
      }),
      { numRuns: 500 },
    );
  });

  test("no text throws", () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        isAllowed(text);
        isAllowed(`https://${text}`);
      }),
    );
  });
});
