import { string } from "@oclif/core/flags";
import { requireProjectName } from "../cli/projects/project-name.ts";
import { ServerCommand } from "../cli/server-command.ts";
import { writeOutput } from "../cli/standard-output.ts";
import { mintToken } from "../cli/tokens/mint.ts";
import { announcedSecret, SECRET_FLAG } from "../cli/tokens/secret-input.ts";
import { savedSigningSecret, secretOfEnvironment } from "../cli/tokens/secrets-at-hand.ts";
import { exactTime } from "../cli/tokens/time-left.ts";
import { requirePrefix, requireStreamName, requireTimes } from "../cli/tokens/token-limits.ts";
import { DEFAULT_PROJECT } from "../protocol/path.ts";
import type { Scope } from "../protocol/token.ts";

const SCOPES = ["read", "write"] as const satisfies readonly Scope[];

export default class MintToken extends ServerCommand {
  static override summary = "Sign a token for a project, offline. stdout is the token alone.";
  static override description = `The signing secret comes from --secret -, or DURABLE_STREAMS_SIGNING_SECRET, or is the one saved for the server and project.
A token can be limited to one stream, or to those whose names begin with a prefix, and opens nothing else then.
Default scope: read. write includes reading.`;
  static override examples = [
    "TOKEN=$(<%= config.bin %> <%= command.id %> --project shop --scope write --prefix ci/)",
    "<%= config.bin %> <%= command.id %> --stream orders --ttl 30d",
    "pass show shop/signing | <%= config.bin %> <%= command.id %> --project shop --secret -",
  ];

  static override flags = {
    scope: string({ summary: "What it allows.", options: [...SCOPES], default: "read" }),
    ttl: string({
      summary: "How long it is good for: 90s, 10m, 1h, 30d; 90 days at most.",
      default: "1h",
      helpValue: "DURATION",
    }),
    stream: string({ summary: "Open this stream only.", helpValue: "STREAM", exclusive: ["prefix"] }),
    prefix: string({ summary: "Open only streams whose names begin so, such as ci/.", helpValue: "PREFIX" }),
    "not-before": string({ summary: "Good from this RFC 3339 time on.", helpValue: "TIME" }),
    ...SECRET_FLAG,
  };

  override async run(): Promise<unknown> {
    const { flags } = await this.parse(MintToken);
    const nowSeconds = Math.floor(Date.now() / 1000);
    const { ttlSeconds, notBeforeSeconds } = requireTimes(flags.ttl, flags["not-before"], nowSeconds);
    const stream = flags.stream === undefined ? undefined : requireStreamName(flags.stream);
    const prefix = flags.prefix === undefined ? undefined : requirePrefix(flags.prefix);
    const project = requireProjectName(flags.project ?? DEFAULT_PROJECT);
    const scope = flags.scope === "write" ? "write" : "read";
    const secret =
      (await announcedSecret(flags, "project")) ??
      secretOfEnvironment("project") ??
      (await this.#savedSecret(flags.url, project));
    const request = { project, scope, ttlSeconds, notBeforeSeconds, stream, prefix } as const;
    const { token, kid, expiresAtSeconds } = await mintToken(secret, request, nowSeconds);
    if (prefix !== undefined && !prefix.endsWith("/")) {
      this.notices.note(
        `It also opens streams such as ${JSON.stringify(`${prefix}-2`)}: end the prefix with / for what is below it.`,
      );
    }
    const expiresAt = instant(expiresAtSeconds);
    this.notices.note(
      `${scope} on ${scopeWords(project, stream, prefix)}, until ${expiresAt} (${exactTime(expiresAtSeconds - nowSeconds)}).`,
    );
    if (!flags.json) await writeOutput(`${token}\n`);
    const notBefore = notBeforeSeconds === undefined ? undefined : instant(notBeforeSeconds);
    return { token, kid, project, scope, stream, prefix, notBefore, expiresAt };
  }

  async #savedSecret(server: string, project: string): Promise<string> {
    const { secret, isHeard } = await savedSigningSecret(this.configFolder, server, project);
    if (!isHeard) {
      this.notices.warning(
        `Nobody has heard whether the server has this secret; find out with: ${this.config.bin} create-project ${project}`,
      );
    }
    return secret;
  }
}

function scopeWords(project: string, stream: string | undefined, prefix: string | undefined): string {
  const inProject = `the project ${JSON.stringify(project)}`;
  if (stream !== undefined) return `the stream ${JSON.stringify(stream)} of ${inProject}`;
  if (prefix !== undefined) return `streams that begin with ${JSON.stringify(prefix)} of ${inProject}`;
  return inProject;
}

function instant(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
