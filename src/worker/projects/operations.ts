import type { ProtocolError } from "../../protocol/errors.ts";
import type { ProjectRecord } from "../../protocol/project.ts";

/** There is no project of that name. */
interface NoProject {
  readonly kind: "absent";
}

export type CreateProjectOutcome =
  | { readonly kind: "created"; readonly record: ProjectRecord }
  /** It is there, just as asked: an earlier try made it. */
  | { readonly kind: "confirmed"; readonly record: ProjectRecord }
  /** It is there with another key, or other settings. */
  | { readonly kind: "exists"; readonly differs: "key" | "settings" };

export type ChangeProjectOutcome = { readonly kind: "done"; readonly record: ProjectRecord } | NoProject;

export type RotateOutcome =
  /** `isNew` unless the key signed already. */
  | { readonly kind: "done"; readonly record: ProjectRecord; readonly isNew: boolean }
  | { readonly kind: "refused"; readonly error: ProtocolError }
  | NoProject;

export type RetireOutcome =
  | ChangeProjectOutcome
  /** The key that signs cannot be retired. */
  | { readonly kind: "signs" }
  | { readonly kind: "no-key" };

export type DeleteProjectOutcome = { readonly kind: "deleted" } | NoProject;
