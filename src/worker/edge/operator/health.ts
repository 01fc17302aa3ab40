import type { BaseEnv } from "../../env.ts";
import type { Surroundings } from "../authorization.ts";
import { protocolOf, VERSION } from "../health.ts";
import { respondJson } from "./answers.ts";

const BINDINGS = [
  "STREAMS",
  "PROJECTS",
  "DIRECTORY",
  "SUBSCRIPTIONS",
  "R2",
  "REGISTRY",
  "METRICS",
  "RATE_LIMITER",
] as const;

/** `GET /v1/__ds/health`: what this deployment is made of, for operators. */
export function respondOperatorHealth<E extends BaseEnv>({ env, authorization }: Surroundings<E>): Response {
  const isOpen = env.AUTH === "none" || Object.values(authorization).every((callback) => callback === undefined);
  return respondJson({
    status: "ok",
    version: VERSION,
    protocol: protocolOf(env),
    auth: isOpen ? "none" : "project",
    bindings: Object.fromEntries(BINDINGS.map((name) => [name, env[name] !== undefined])),
  });
}
