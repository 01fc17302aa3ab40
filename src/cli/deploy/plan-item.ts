/** What happens with a part of a deployment. */
export type PlanAction = "create" | "change" | "remove" | "keep";

/** A part of a deployment. */
export interface PlanItem {
  readonly kind:
    "r2-bucket" | "kv-namespace" | "worker" | "migration" | "binding" | "variable" | "secret" | "address" | "setting";
  readonly name: string;
  readonly action: PlanAction;
  /** Never the value of a variable or a secret. */
  readonly detail?: string;
}
