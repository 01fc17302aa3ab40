/** The answers that give way where the stream turns out to be public. */
const UNLESS_PUBLIC = new WeakSet<Response>();

/**
 * Marks a refusal of a read as one that holds unless the stream is public, which only the stream's object knows. The
 * callbacks of an authorisation so need no other types for it. What nobody marks stays refused.
 */
export function unlessPublic(refusal: Response): Response {
  UNLESS_PUBLIC.add(refusal);
  return refusal;
}

export function yieldsToPublic(refusal: Response): boolean {
  return UNLESS_PUBLIC.has(refusal);
}
