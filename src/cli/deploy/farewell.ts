import type { DeployResult } from "./deploy.ts";

/** Where the server is, and three commands that work as they stand. */
export function deployFarewell({ url, plan, deployed }: DeployResult, program: string): string {
  if (deployed === undefined || (plan.changes === 0 && deployed.versionId === undefined)) return url;
  const { context, isActive } = deployed;
  const at = isActive ? "" : ` -C ${context}`;
  return [
    `Durable Streams at ${url}`,
    `Saved as the context ${context}${isActive ? ", which is in use." : `. Use it by -C ${context}, or: ${program} context use ${context}`}`,
    "",
    "Next:",
    `  ${program} create-project my-app${at}`,
    `  ${program} create hello --project my-app --content-type application/json${at}`,
    `  ${program} tail hello --project my-app --from-start${at}`,
  ].join("\n");
}
