import { string as stringArg } from "@oclif/core/args";
import { string } from "@oclif/core/flags";
import { usageFailure } from "../../cli/command-failure.ts";
import { isTyped } from "../../cli/config/command-target.ts";
import { EXIT } from "../../cli/exit-codes.ts";
import { ServerCommand } from "../../cli/server-command.ts";
import { writeOutput } from "../../cli/standard-output.ts";
import { readFromStdin } from "../../cli/token.ts";
import { type DecodedToken, decodeToken } from "../../cli/tokens/decode-token.ts";
import { judgeToken, tokenKind } from "../../cli/tokens/judge-token.ts";
import { announcedSecret, SECRET_FLAG } from "../../cli/tokens/secret-input.ts";
import { savedSecrets, secretOfEnvironment } from "../../cli/tokens/secrets-at-hand.ts";
import { tokenLines, tokenReport } from "../../cli/tokens/token-report.ts";
import type { Scope } from "../../protocol/token.ts";

const SCOPES = ["read", "write"] as const satisfies readonly Scope[];

export default class TokenInspect extends ServerCommand {
  static override summary = "Show what a token says, whether its signature is right, and how long it lasts.";
  static override description = `Nothing is asked of a server. The signature is checked where the secret is at hand: by --secret -, in the environment, or saved.
With --project, --stream or --scope it is judged for that use. Exit code 8: a server would refuse it.
Without TOKEN it is read from DURABLE_STREAMS_TOKEN, or else from stdin.`;
  static override examples = [
    "<%= config.bin %> mint-token | <%= config.bin %> <%= command.id %> -",
    "<%= config.bin %> <%= command.id %> --stream orders --scope write",
  ];

  static override args = {
    token: stringArg({ ignoreStdin: true, description: "The token; - reads it from stdin, out of others' sight." }),
  };

  static override flags = {
    stream: string({ summary: "Judge it for this stream.", helpValue: "STREAM" }),
    scope: string({ summary: "Judge it for this.", options: [...SCOPES] }),
    ...SECRET_FLAG,
  };

  override async run(): Promise<unknown> {
    const parsed = await this.parse(TokenInspect);
    const { args, flags } = parsed;
    const fromStdin = args.token === "-" || (args.token === undefined && flags.token === undefined);
    if (fromStdin && flags.secret !== undefined) {
      throw usageFailure(
        "stdin cannot give both the token and the secret.",
        "Give the token by DURABLE_STREAMS_TOKEN, or the secret by DURABLE_STREAMS_SIGNING_SECRET.",
      );
    }
    const token = decodeToken(
      fromStdin ? await readFromStdin("token", "token inspect -") : (args.token ?? flags.token ?? ""),
    );
    const { stream } = flags;
    const nowMs = Date.now();
    const judgment = await judgeToken(token, {
      secrets: await this.#secrets(token, flags),
      host: new URL(flags.url).host,
      nowSeconds: nowMs / 1000,
      use: {
        project: isTyped(parsed, "project") ? flags.project : undefined,
        stream,
        access: SCOPES.find((scope) => scope === flags.scope),
      },
    });
    const report = tokenReport(token, judgment, nowMs);
    if (!report.usable) process.exitCode = EXIT.verification;
    if (!flags.json) await writeOutput(tokenLines(report));
    if (report.usable && report.signature === "unchecked") {
      this.notices.note("Whether its signature is right can be told with the secret: --secret -, or the environment.");
    }
    return report;
  }

  async #secrets(
    token: DecodedToken,
    flags: { readonly url: string; readonly secret?: string | undefined },
  ): Promise<readonly string[]> {
    const kind = tokenKind(token) === "operator" ? "operator" : "project";
    const announced = await announcedSecret(flags, kind);
    if (announced !== undefined) return [announced];
    const { sub } = token.claims;
    const saved = await savedSecrets(this.configFolder, flags.url, kind, typeof sub === "string" ? sub : "");
    const given = secretOfEnvironment(kind);
    return given === undefined ? saved : [given, ...saved];
  }
}
