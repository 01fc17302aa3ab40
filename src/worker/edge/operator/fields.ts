import { protocolError, quote, type ProtocolError } from "../../../protocol/errors.ts";
import { parseSettings, type SettingsChange } from "../../../protocol/project.ts";
import { failed, parsed, type Parsed } from "../../../protocol/result.ts";
import { keyId, newSecret, secretProblem } from "../../../protocol/secret.ts";
import type { NewKey } from "../../projects/project.ts";
import { readRequestBody } from "../body.ts";

/** Most bytes of an operator's request: all the origins that a project may have take less. */
const BODY_MAX_BYTES = 64 * 1024;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a request's body as a JSON object with no other fields than those `known`: a name that is misspelt must not be
 * taken for one that was left out. An empty body is an object without fields.
 */
export async function readFields(request: Request, known: readonly string[]): Promise<Parsed<Fields>> {
  const body = await readRequestBody(request, BODY_MAX_BYTES);
  if (!body.ok) return body;
  if (body.value.byteLength === 0) return parsed({});
  const value = parseJson(body.value);
  if (!value.ok) return value;
  if (typeof value.value !== "object" || value.value === null || Array.isArray(value.value)) {
    return failed(protocolError("INVALID_JSON", `The body must be a JSON object with the fields ${known.join(", ")}.`));
  }
  const unknown = Object.keys(value.value).find((name) => !known.includes(name));
  if (unknown === undefined) return parsed(value.value as Fields);
  return failed(invalidField(`The body has a field ${quote(unknown)}, and may have only ${known.join(", ")}.`));
}

export function invalidField(message: string): ProtocolError {
  return protocolError("INVALID_FIELD", message);
}

function parseJson(bytes: Uint8Array): Parsed<unknown> {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return parsed(JSON.parse(text) as unknown);
  } catch {
    return failed(protocolError("INVALID_JSON", "The body is not valid JSON in UTF-8; send one JSON object."));
  }
}

/** A key from the field `secret`. Without it a secret is made, and only then it is to be told, this once: `made`. */
export async function keyOf({ secret }: Fields): Promise<Parsed<{ readonly key: NewKey; readonly made?: string }>> {
  if (secret === undefined) {
    const made = newSecret("project");
    return parsed({ key: { kid: await keyId(made), secret: made }, made });
  }
  if (typeof secret !== "string")
    return failed(protocolError("INVALID_SECRET", "The field `secret` must be a string."));
  const problem = secretProblem(secret, "project");
  return problem === undefined ? parsed({ key: { kid: await keyId(secret), secret } }) : failed(problem);
}

export function settingsOf({ settings }: Fields): Parsed<SettingsChange> {
  return settings === undefined ? parsed({}) : parseSettings(settings);
}
