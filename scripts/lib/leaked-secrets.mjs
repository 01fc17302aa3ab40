// Secrets that a text shows. They carry check digits, so what matches is one and no accident.
import { secretProblem } from "../../src/protocol/secret.ts";

const PRINTED = /\b(dssk|dsop)_[0-9A-Za-z]{49}(?![0-9A-Za-z])/g;

/**
 * How many different secrets of projects and operators stand in a text. They are counted and not given: whatever shows
 * them again would be the next leak.
 * @param {string} text
 */
export function leakedSecrets(text) {
  const found = [...text.matchAll(PRINTED)].filter(([secret, prefix]) => {
    return secretProblem(secret, prefix === "dsop" ? "operator" : "project") === undefined;
  });
  return new Set(found.map(([secret]) => secret)).size;
}
