/** IP addresses as the URL parser writes them, and which of them lie on the public Internet. */

/** A block of addresses in CIDR notation. */
interface Block {
  readonly bits: bigint;
  readonly length: number;
}

/** What is no public address (the IANA registry of special-purpose addresses), and what clouds answer their own machines by. */
const NOT_PUBLIC_V4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "168.63.129.16/32",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
].map(block4);

/**
 * The only addresses of version 6 that are given out to the public. All others are refused, and with them the loopback,
 * unique-local, link-local, multicast, and every form that has an address of version 4 inside (mapped, compatible, NAT64).
 */
const PUBLIC_V6 = block6([0x2000], 3);

/** Within them: protocol assignments (Teredo, ORCHID, benchmarks), documentation, and 6to4, which is version 4 again. */
const NOT_PUBLIC_V6 = [
  block6([0x2001, 0x0000], 23),
  block6([0x2001, 0x0db8], 32),
  block6([0x2002], 16),
  block6([0x3fff], 20),
];

const V4 = /^\d{1,3}(\.\d{1,3}){3}$/;

/** Whether a URL's host is an address, and if so why nothing is sent there; `undefined` when it is a name. */
export function addressProblem(hostname: string): { readonly problem: string | undefined } | undefined {
  if (V4.test(hostname)) {
    const address = bitsOf4(hostname);
    return verdict(hostname, !NOT_PUBLIC_V4.some((block) => isIn(block, address, 32)));
  }
  if (!hostname.startsWith("[")) return undefined;
  const address = bitsOf6(hostname.slice(1, -1));
  const isPublic = isIn(PUBLIC_V6, address, 128) && !NOT_PUBLIC_V6.some((block) => isIn(block, address, 128));
  return verdict(hostname, isPublic);
}

function verdict(hostname: string, isPublic: boolean): { readonly problem: string | undefined } {
  return { problem: isPublic ? undefined : `${hostname} is no public address` };
}

function isIn({ bits, length }: Block, address: bigint, size: number): boolean {
  const rest = BigInt(size - length);
  return address >> rest === bits >> rest;
}

function block4(cidr: string): Block {
  const [address = "", length = ""] = cidr.split("/");
  return { bits: bitsOf4(address), length: Number(length) };
}

function block6(groups: readonly number[], length: number): Block {
  return { bits: joined([...groups, ...Array.from({ length: 8 - groups.length }, () => 0)], 16n), length };
}

/** The URL parser has brought every spelling into this one: decimal, four parts. */
function bitsOf4(address: string): bigint {
  return joined(address.split(".").map(Number), 8n);
}

/** The URL parser writes hexadecimal groups alone, the longest run of zeros as `::`. */
function bitsOf6(address: string): bigint {
  const [before = "", after] = address.split("::");
  const head = groupsOf(before);
  const tail = groupsOf(after ?? "");
  return joined([...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail], 16n);
}

function groupsOf(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

function joined(parts: readonly number[], bitsEach: bigint): bigint {
  return parts.reduce((bits, part) => (bits << bitsEach) | BigInt(part), 0n);
}
