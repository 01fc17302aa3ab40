import { streamName, streamPlace } from "../../client/stream-place.ts";
import type { Request, TokenProvider } from "../../client/transport.ts";
import { STREAM_FORKED_FROM } from "../../protocol/headers.ts";
import { DEFAULT_PROJECT, RESERVED_SEGMENT } from "../../protocol/path.ts";
import type { Scope } from "../../protocol/token.ts";
import type { ConfigFolder } from "../config/config-folder.ts";
import { credentialsFor, projectCredentials, type ServerCredentials } from "../config/credentials.ts";
import { mintOperatorToken, mintToken } from "./mint.ts";
import { claimedLimits } from "./claimed-limits.ts";
import { requireSecret } from "./secret-input.ts";

/** How long a token lives that a command signs for itself, and how much of that must be left when it is sent. */
const TOKEN_SECONDS = 300;
const OPERATOR_TOKEN_SECONDS = 60;
const LEFT_SECONDS = 20;

/** Where what was sent came from. */
export type Origin = "flag" | "environment" | "saved";

/** What a request was sent with. */
export type CredentialUse =
  | { readonly kind: "token"; readonly from: Origin }
  /** Signed by this command. */
  | { readonly kind: "minted"; readonly from: Origin }
  | { readonly kind: "operator"; readonly from: Origin }
  /** `withheld` names a variable whose content does not go to a server that a mere file names. */
  | { readonly kind: "none"; readonly withheld?: string | undefined };

/** A request as far as credentials go. */
export type RequestPlace =
  | { readonly for: "operator" }
  | { readonly for: "stream"; readonly project: string; readonly stream: string | undefined }
  /** No URL of a server of ours. */
  | { readonly for: "foreign" };

interface GivenToken {
  readonly value: string;
  readonly from: "flag" | "environment";
  /** The variable of the environment, where it is not `DURABLE_STREAMS_TOKEN`. */
  readonly variable?: string;
}

export interface CredentialSources {
  readonly folder: ConfigFolder;
  /** Given with the command. */
  readonly token: GivenToken | undefined;
  /** `DURABLE_STREAMS_SIGNING_SECRET` */
  readonly signingSecret: string | undefined;
  /** `DURABLE_STREAMS_OPERATOR_SECRET` */
  readonly operatorSecret: string | undefined;
  /** The origin that a file names which anybody may have written: nothing but what was saved for it goes there. */
  readonly untrustedOrigin: string | undefined;
}

/** What became of a request as far as credentials go. */
export interface SentWith {
  readonly place: RequestPlace;
  readonly use: CredentialUse;
  /** What the request asks to be allowed. */
  readonly access: Scope;
  /** What a token that was given says that it opens, as a sentence. */
  readonly limits?: string | undefined;
}

/** The same while nobody has asked: hardly any token is ever looked into. */
type Sent = Omit<SentWith, "limits"> & { readonly token: string | undefined };

/** What is to be sent. */
type Choice =
  | { readonly use: CredentialUse; readonly token: string | undefined }
  | { readonly use: CredentialUse; readonly secret: string };

interface Minted {
  readonly token: string;
  readonly secret: string;
  readonly expiresAtMs: number;
}

/** What a request is for, by its URL. */
function requestPlace({ url, headers }: Pick<Request, "url" | "headers">): RequestPlace {
  if (new URL(url).pathname.startsWith(`/v1/${RESERVED_SEGMENT}/`)) return { for: "operator" };
  const place = streamPlace(url);
  if (place === undefined) return { for: "foreign" };
  // A fork reads another stream as well.
  const isFork = headers !== undefined && STREAM_FORKED_FROM in headers;
  return { for: "stream", project: place.project, stream: isFork ? undefined : streamName(place) };
}

/**
 * The tokens of a command's requests: one that was given, or else one that is signed on the spot, which allows no more
 * than the request needs and lives for minutes. What was saved for a server goes to no other.
 */
export class RequestTokens {
  readonly #sources: CredentialSources;
  readonly #saved = new Map<string, ServerCredentials>();
  readonly #minted = new Map<string, Minted>();
  /** Secrets whose tokens were refused. */
  readonly #refused = new Set<string>();
  readonly #sent = new Map<string, Sent>();
  #last: Sent | undefined;

  constructor(sources: CredentialSources) {
    this.#sources = sources;
  }

  readonly provide: TokenProvider = async (request, refused) => {
    const { origin } = new URL(request.url);
    const place = requestPlace(request);
    if (refused !== undefined) this.#noteRefusal(origin, refused);
    const choice = await this.#choose(origin, place);
    const token = "token" in choice ? choice.token : undefined;
    this.#last = { place, use: choice.use, access: accessOf(request), token };
    this.#sent.set(placeKey(request.url), this.#last);
    if (!("secret" in choice)) return choice.token;
    return this.#sign(request, place, choice.secret, refused);
  };

  /** What was saved may have changed. A secret whose answer nobody heard may be the one that the server has. */
  #noteRefusal(origin: string, token: string): void {
    this.#saved.delete(origin);
    const minted = [...this.#minted.values()].find((each) => each.token === token);
    if (minted !== undefined) this.#refused.add(minted.secret);
  }

  /** How the last request to a URL was sent, or the last one of all. */
  lastFor(url: string): SentWith | undefined {
    const sent = this.#sent.get(placeKey(url)) ?? this.#last;
    if (sent === undefined) return undefined;
    const { token, ...all } = sent;
    return { ...all, limits: token === undefined ? undefined : claimedLimits(token) };
  }

  /** How a request for reading a URL would be sent. */
  async look(url: string): Promise<SentWith> {
    const place = requestPlace({ url });
    const { use } = await this.#choose(new URL(url).origin, place);
    return { place, use, access: "read" };
  }

  async #choose(origin: string, place: RequestPlace): Promise<Choice> {
    const { untrustedOrigin, token } = this.#sources;
    const isTrusted = origin !== untrustedOrigin;
    const given: Choice | undefined =
      isTrusted && token !== undefined ? { use: { kind: "token", from: token.from }, token: token.value } : undefined;
    if (place.for !== "operator") {
      return given ?? (await this.#projectChoice(origin, place)) ?? this.#nothing(isTrusted, "SIGNING_SECRET");
    }
    // A token of the environment is a project's; one that was typed is meant for this very request.
    const typed = token?.from === "flag" ? given : undefined;
    return typed ?? (await this.#operatorChoice(origin)) ?? given ?? this.#nothing(isTrusted, "OPERATOR_SECRET");
  }

  async #projectChoice(origin: string, place: RequestPlace): Promise<Choice | undefined> {
    const { signingSecret, untrustedOrigin } = this.#sources;
    if (signingSecret !== undefined && place.for === "stream" && origin !== untrustedOrigin) {
      const secret = requireSecret(signingSecret, "project", "DURABLE_STREAMS_SIGNING_SECRET");
      return { use: { kind: "minted", from: "environment" }, secret };
    }
    const project = place.for === "stream" ? place.project : DEFAULT_PROJECT;
    const saved = projectCredentials(await this.#savedFor(origin), project);
    const held = [saved.secret, saved.nextSecret].filter((each) => each !== undefined);
    const secret = held.find((each) => !this.#refused.has(each)) ?? held[0];
    if (secret !== undefined && place.for === "stream") return { use: { kind: "minted", from: "saved" }, secret };
    return saved.token === undefined ? undefined : { use: { kind: "token", from: "saved" }, token: saved.token };
  }

  async #operatorChoice(origin: string): Promise<Choice | undefined> {
    const { operatorSecret, untrustedOrigin } = this.#sources;
    if (operatorSecret !== undefined && origin !== untrustedOrigin) {
      const secret = requireSecret(operatorSecret, "operator", "DURABLE_STREAMS_OPERATOR_SECRET");
      return { use: { kind: "operator", from: "environment" }, secret };
    }
    const saved = await this.#savedFor(origin);
    const held = [saved.operatorSecret, saved.nextOperatorSecret].filter((each) => each !== undefined);
    const secret = held.find((each) => !this.#refused.has(each)) ?? held[0];
    return secret === undefined ? undefined : { use: { kind: "operator", from: "saved" }, secret };
  }

  #nothing(isTrusted: boolean, secret: "SIGNING_SECRET" | "OPERATOR_SECRET"): Choice {
    const { token, signingSecret, operatorSecret } = this.#sources;
    const held = secret === "SIGNING_SECRET" ? signingSecret : operatorSecret;
    const variable = held === undefined ? (token?.variable ?? "DURABLE_STREAMS_TOKEN") : `DURABLE_STREAMS_${secret}`;
    const isWithheld = !isTrusted && (held !== undefined || token !== undefined);
    return { use: { kind: "none", withheld: isWithheld ? variable : undefined }, token: undefined };
  }

  async #savedFor(origin: string): Promise<ServerCredentials> {
    const known = this.#saved.get(origin);
    if (known !== undefined) return known;
    const saved = await credentialsFor(this.#sources.folder, origin);
    this.#saved.set(origin, saved);
    return saved;
  }

  /** Signs a token, or takes the one that was signed for the like and is still good for a while. */
  async #sign(request: Request, place: RequestPlace, secret: string, refused: string | undefined): Promise<string> {
    const { origin, host } = new URL(request.url);
    const scope = accessOf(request);
    const key = JSON.stringify(place.for === "operator" ? [origin] : [origin, scope, place]);
    const known = this.#minted.get(key);
    const isGood = known?.secret === secret && known.token !== refused;
    if (isGood && known.expiresAtMs > Date.now() + LEFT_SECONDS * 1000) return known.token;
    const ttlSeconds = place.for === "operator" ? OPERATOR_TOKEN_SECONDS : TOKEN_SECONDS;
    const expiresAtMs = Date.now() + ttlSeconds * 1000;
    const token =
      place.for === "stream"
        ? (await mintToken(secret, { project: place.project, scope, ttlSeconds, stream: place.stream })).token
        : await mintOperatorToken(secret, { host, ttlSeconds });
    this.#minted.set(key, { token, secret, expiresAtMs });
    return token;
  }
}

function accessOf({ method }: Request): Scope {
  return method === "GET" || method === "HEAD" ? "read" : "write";
}

function placeKey(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
