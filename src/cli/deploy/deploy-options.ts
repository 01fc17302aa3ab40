import type { ConfigFolder } from "../config/config-folder.ts";
import type { Notices } from "../notices.ts";
import type { PreflightOptions } from "./preflight.ts";

/** What `deploy` is asked to do, and with what. `cwd` is the folder of the project file. */
export interface DeployOptions extends PreflightOptions {
  readonly environment: string | undefined;
  readonly dryRun: boolean;
  readonly rotateOperatorSecret: boolean;
  /** Asks whether to go on; `true` where that was said before, `undefined` where nobody can be asked. */
  readonly agree: true | ((question: string) => Promise<boolean>) | undefined;
  readonly signal: AbortSignal;
  readonly notices: Notices;
  readonly config: ConfigFolder;
  /** The Worker that comes with the package. */
  readonly workerFile: string;
  /** Of the package. */
  readonly version: string;
  /** Show what stays as it is, too. */
  readonly verbose: boolean;
}
