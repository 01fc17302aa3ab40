/**
 * What a filter says. Its grammar, of our own and small enough to remember:
 *
 *     filter  = path [ operator value ] | text
 *     path    = "." | ( "." name | "." string | "[" index "]" ) ...     .user.id   .items[0]   ."a key"
 *     operator = "=" | "!=" | "~"
 *     value   = a JSON value, or any other text                         42   "42"   true   null   alice
 *
 * Text alone keeps the messages that contain it. A path keeps the messages that have it; with `=` those whose value is
 * that one, with `!=` those whose value is another, and with `~` those whose value contains the text.
 */
export type Filter =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "path"; readonly path: readonly Step[]; readonly test: Test };

/** A key of an object, or an index of an array; a negative one counts from the end. */
export type Step = string | number;

export type Test =
  | { readonly type: "present" }
  /** `json` is the value as it was typed. */
  | { readonly type: "equal" | "other"; readonly json: string }
  | { readonly type: "contains"; readonly text: string };
