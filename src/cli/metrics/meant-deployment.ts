import { parse } from "jsonc-parser";
import { usageFailure } from "../command-failure.ts";
import type { TargetSource } from "../config/resolve-target.ts";
import { readProjectFile, readProjectText, type ProjectSettings } from "../deploy/project-file.ts";
import { targetOf, type Target } from "../deploy/target.ts";

/** What the command line says of where to look. */
export interface Whereabouts {
  /** `--env` */
  readonly environment: string | undefined;
  /** Who named the server that other commands would ask. */
  readonly source: TargetSource;
  readonly cwd: string;
}

export interface MeantDeployment {
  readonly target: Target;
  /** The names of other Workers that the project file lets write to the same dataset. */
  readonly sharedWith: readonly string[];
}

/**
 * The deployment that is meant: `--env` means one, and so does a folder with a project file unless a server is named by a
 * flag or the environment. Nothing where a server is meant.
 */
export async function meantDeployment(where: Whereabouts): Promise<MeantDeployment | undefined> {
  const { environment, source, cwd } = where;
  if (environment !== undefined && source === "flag") {
    throw usageFailure(
      "--env means a deployment of the project file, and --url and --context mean a server.",
      "Leave out one of them.",
    );
  }
  if (environment === undefined && (source === "flag" || source === "environment" || !(await describesWorker(cwd)))) {
    return undefined;
  }
  const { settings } = await readProjectFile(cwd);
  const target = targetOf(settings, environment);
  return { target, sharedWith: sharers(settings, target) };
}

/** The file may also say no more than which server the folder's commands mean. */
async function describesWorker(folder: string): Promise<boolean> {
  const text = (await readProjectText(folder)) ?? "";
  const value: unknown = parse(text, [], { allowTrailingComma: true });
  return typeof value === "object" && value !== null && "name" in value;
}

/** A data point does not tell which Worker wrote it. */
function sharers(settings: ProjectSettings, { name, analytics }: Target): readonly string[] {
  const all = [undefined, ...Object.keys(settings.environments ?? {})].map((each) => targetOf(settings, each));
  return all.filter((each) => each.name !== name && each.analytics === analytics).map((each) => each.name);
}
