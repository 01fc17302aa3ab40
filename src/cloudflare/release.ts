/** What an upload says of itself, in the message of its version. */
export interface Release {
  /** Of the package that uploaded it. */
  readonly version: string;
  /** Of the uploaded script's bytes, in hexadecimal digits. */
  readonly sha256: string;
}

const MESSAGE = /^durable-streams (\S+) sha256:([0-9a-f]{64})$/;

/** Cloudflare shows it in the list of versions, and takes up to 100 bytes of it. */
export function releaseMessage({ version, sha256 }: Release): string {
  return `durable-streams ${version} sha256:${sha256}`;
}

/** Reads the message of a version; one that was uploaded otherwise has another, or none. */
export function parseReleaseMessage(message: string | undefined): Release | undefined {
  const [, version, sha256] = MESSAGE.exec(message ?? "") ?? [];
  return version === undefined || sha256 === undefined ? undefined : { version, sha256 };
}
