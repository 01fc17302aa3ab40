import { asSentence } from "../../client/answer-error.ts";
import type { ClientError, ClientErrorKind } from "../../client/errors/client-error.ts";
import { visibleText } from "../../client/visible-text.ts";
import { quote } from "../call-words.ts";
import type { ErrorReport } from "../report.ts";

/** Where the subscriptions are that a command is about, and what leads another command there. */
interface Place {
  readonly bin: string;
  readonly server: string;
  readonly project: string | undefined;
  /** Flags for the same server, with a blank before each. */
  readonly sameServer: string;
}

/** What a server refuses, in the words of the command line: its own sentence is about requests, and `report` about HTTP. */
export function refusalReport(error: ClientError, report: ErrorReport, place: Place): ErrorReport {
  const { code, said } = error;
  if (said === undefined) return foreign(error, report);
  const id = subscriptionOf(error.url);
  if (code === "SUBSCRIPTION_NOT_FOUND" && id !== undefined) return missing(id, report, place);
  if (code === "SUBSCRIPTION_ALREADY_EXISTS" && id !== undefined) return other(id, report, place);
  return { ...report, message: said };
}

const REFUSED: ReadonlySet<ClientErrorKind> = new Set(["rejected", "conflict"]);

/** A server that gives its refusals no code: its own words, if it has any, come before what is HTTP. */
function foreign({ kind, asked, reason }: ClientError, report: ErrorReport): ErrorReport {
  if (!REFUSED.has(kind) || asked === undefined || reason === undefined) return report;
  return { ...report, message: `The server refuses it: ${asSentence(reason)} ${asked}` };
}

function missing(id: string, report: ErrorReport, { bin, server, project, sameServer }: Place): ErrorReport {
  const inProject = project === undefined ? "" : ` in the project ${JSON.stringify(project)}`;
  return {
    ...report,
    message: visibleText(`There is no subscription ${JSON.stringify(id)}${inProject} at ${server}.`),
    hint: `Those there are: ${bin} subscriptions list${sameServer}`,
  };
}

function other(id: string, report: ErrorReport, { bin, sameServer }: Place): ErrorReport {
  const word = quote(id);
  return {
    ...report,
    message: visibleText(
      `There is a subscription ${JSON.stringify(id)} already, and it is not the one that is asked for: other streams, another way to wake, another lease or another description.`,
    ),
    hint: `See what it is with: ${bin} subscriptions show ${word}${sameServer}
Its streams can be changed, by: ${bin} subscriptions add, and remove
Else choose another id, or delete it: ${bin} subscriptions delete ${word}${sameServer}`,
  };
}

const SUBSCRIPTION = /\/__ds\/subscriptions\/([^/?]+)/;

/** The subscription that a request was about. */
function subscriptionOf(url: string): string | undefined {
  const encoded = SUBSCRIPTION.exec(url)?.[1];
  return encoded === undefined ? undefined : decodeURIComponent(encoded);
}
