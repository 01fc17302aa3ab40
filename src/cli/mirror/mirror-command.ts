import { string as stringArg } from "@oclif/core/args";
import { string } from "@oclif/core/flags";
import { AccessDeniedError } from "../../client/errors/access-denied-error.ts";
import { isClientError } from "../../client/errors/client-error.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import { CommandFailure, usageFailure } from "../command-failure.ts";
import { deniedReport } from "../denied-access.ts";
import { reportError } from "../error-report.ts";
import type { ErrorReport } from "../report.ts";
import { isUrl, namedStreamUrl } from "../server-address.ts";
import { ServerCommand } from "../server-command.ts";
import type { RequestTokens } from "../tokens/request-tokens.ts";
import {
  requireName,
  type Side,
  sideOf,
  sideRoot,
  sideToken,
  sideTokens,
  type SideWords,
  SOURCE,
  TARGET,
} from "./mirror-sides.ts";

/** The two arguments of a command that has two sides. */
export function sideArgs(descriptions: { readonly src: string; readonly dst: string }) {
  return {
    src: stringArg({ ignoreStdin: true, description: descriptions.src }),
    dst: stringArg({ ignoreStdin: true, description: descriptions.dst }),
  };
}

/** The flags that say where the sides are. */
export function sideFlags(prefixSummary: string) {
  return {
    prefix: string({ summary: prefixSummary, helpValue: "PREFIX" }),
    "prefix-map": string({
      summary: "Give names that begin with OLD a NEW beginning; may be repeated.",
      helpValue: "OLD=NEW",
      multiple: true,
      multipleNonGreedy: true,
      dependsOn: ["prefix"],
    }),
    "from-context": string({ summary: "The saved server and project of SRC.", helpValue: "NAME" }),
    "to-context": string({ summary: "The saved server and project of DST.", helpValue: "NAME" }),
  };
}

interface SideArgs {
  readonly src?: string | undefined;
  readonly dst?: string | undefined;
}

interface SideFlags {
  readonly url: string;
  readonly project?: string | undefined;
  readonly token?: string | undefined;
  readonly "from-context"?: string | undefined;
  readonly "to-context"?: string | undefined;
  readonly "prefix-map"?: readonly string[] | undefined;
}

/** The two sides' URLs, of a stream or of what many are below, and a client for each. */
export interface Sides {
  readonly from: string;
  readonly to: string;
  readonly clients: { readonly from: StreamClient; readonly to: StreamClient };
}

/** A command about a stream and its copy, which may be on two servers that ask for two tokens. */
export abstract class MirrorCommand extends ServerCommand {
  /** What DST is: the one URL whose refusal is not one of SRC. */
  #to: string | undefined;
  /** What the sides are sent, by their variables. */
  readonly #tokens = new Map<string, RequestTokens>();

  /** Two streams. */
  protected async streamsOf(args: SideArgs, flags: SideFlags): Promise<Sides> {
    const { source, target } = await this.#sides(flags);
    if (args.src === undefined || args.dst === undefined) {
      const command = `${this.config.bin} ${(this.id ?? "").replaceAll(":", " ")}`;
      throw usageFailure(
        `${(this.id ?? "").replaceAll(":", " ")} needs SRC and DST: ${command} SRC DST`,
        `See: ${command} --help`,
      );
    }
    requireName(SOURCE, args.src, flags["from-context"]);
    requireName(TARGET, args.dst, flags["to-context"]);
    const from = this.streamUrl(source.address, args.src);
    const to = this.streamUrl(target.address, args.dst);
    this.#to = to;
    if (from === to) throw usageFailure(`SRC and DST are the same stream: ${from}.`, "Name another one for DST.");
    return { from, to, clients: await this.#clients(flags, { source, target, from, to }) };
  }

  /** What the streams of `--prefix` are below. */
  protected async rootsOf(args: SideArgs, flags: SideFlags): Promise<Sides> {
    const { source, target } = await this.#sides(flags);
    const { src, dst } = this.#serversOf(args, flags);
    const from = sideRoot(source, SOURCE, src, flags["from-context"] !== undefined);
    const to = sideRoot(target, TARGET, dst, flags["to-context"] !== undefined);
    return { from, to, clients: await this.#clients(flags, { source, target, from, to }) };
  }

  /**
   * Which side each URL is. A context says for one side that it is not meant by a single URL, or that the server of the whole
   * command is the other one; nothing else does, and a guess could copy in the opposite direction. Without any URL both are
   * that server, where names that are mapped to others say from what to what.
   */
  #serversOf({ src, dst }: SideArgs, flags: SideFlags): SideArgs {
    const hasContext = { from: flags["from-context"] !== undefined, to: flags["to-context"] !== undefined };
    if (src !== undefined && dst === undefined && hasContext.from && !hasContext.to) return { dst: src };
    const isNoUrl = src !== undefined && !isUrl(src);
    const isWithinOne = src === undefined && flags["prefix-map"] !== undefined;
    if (dst !== undefined || hasContext.from || hasContext.to || isNoUrl || isWithinOne) return { src, dst };
    const words = (this.id ?? "").replaceAll(":", " ");
    const command = `${this.config.bin} ${words} --prefix PREFIX`;
    const which = src === undefined ? "" : `, and ${JSON.stringify(src)} does not say which of the two it is`;
    throw usageFailure(
      `${words} --prefix needs SRC and DST${which}.`,
      `Give the URLs of both servers: ${command} SRC DST. Or name saved ones by ${SOURCE.flag} and ${TARGET.flag}: beside one of them, the other side is a URL or, left out, ${flags.url}.`,
    );
  }

  async #sides(flags: SideFlags): Promise<{ readonly source: Side; readonly target: Side }> {
    const otherwise = { url: flags.url, project: flags.project };
    return {
      source: await sideOf(this.configFolder, SOURCE, flags["from-context"], otherwise),
      target: await sideOf(this.configFolder, TARGET, flags["to-context"], otherwise),
    };
  }

  /** A client for each side. What `--token` and the environment give goes to the server that the command means, only. */
  async #clients(
    flags: SideFlags,
    { source, target, from, to }: { source: Side; target: Side; from: string; to: string },
  ): Promise<{ readonly from: StreamClient; readonly to: StreamClient }> {
    const meant = new URL(this.target.url).origin;
    const isMeant = [from, to].some((url) => new URL(url).origin === meant);
    if (flags.token !== undefined && !isMeant && this.argv.some((word) => word.startsWith("--token"))) {
      throw usageFailure(
        `--token is for ${meant}, and neither SRC nor DST is there.`,
        `Give each side its own by ${SOURCE.variable} and ${TARGET.variable}, or save them: ${this.config.bin} context add`,
      );
    }
    const shared = isMeant ? await this.tokensFor(flags) : undefined;
    const clientFor = (side: Side, url: string): StreamClient => {
      const token = sideToken(side);
      const given = token === undefined && new URL(url).origin === meant ? shared : undefined;
      const tokens = given ?? sideTokens(this.configFolder, side, token, this.target);
      this.#tokens.set(side.variable, tokens);
      return this.clientWith(tokens);
    };
    return { from: clientFor(source, from), to: clientFor(target, to) };
  }

  /** Each side has a token of its own, so what is said of a refusal names the one that counts. */
  protected override report(error: unknown): ErrorReport {
    if (!(error instanceof AccessDeniedError)) return super.report(error);
    // Of many streams it is only the list of SRC that ends the command.
    return this.#denied(error, this.#to !== undefined && isAbout(error, this.#to) ? TARGET : SOURCE);
  }

  /** Of many streams each is told by itself. Only one whose name is a stream's is ever asked for. */
  protected explained(error: Error, root: string, name: string): Error {
    if (!(error instanceof AccessDeniedError)) return error;
    const side = isAbout(error, namedStreamUrl({ url: root }, name)) ? SOURCE : TARGET;
    return new CommandFailure(this.#denied(error, side));
  }

  #denied(error: AccessDeniedError, { variable }: SideWords): ErrorReport & { readonly hint: string } {
    const { origin } = new URL(error.url);
    const { bin } = this.config;
    const sent = this.#tokens.get(variable)?.lastFor(error.url);
    if (sent?.use.kind === "none" && sent.use.withheld !== undefined) {
      return deniedReport(error, sent, { bin, server: origin, target: this.target });
    }
    const hint = `Give a token for ${origin} by ${variable}, or save its credentials: ${bin} context add`;
    return { ...reportError(error), hint };
  }
}

/** Whether it was this stream that refused, whatever was asked of it. */
function isAbout(error: Error, stream: string): boolean {
  return isClientError(error) && error.url.replace(/\?.*/, "") === stream;
}
