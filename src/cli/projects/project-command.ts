import { isClientError } from "../../client/errors/client-error.ts";
import type { ErrorReport } from "../report.ts";
import { ServerCommand } from "../server-command.ts";
import { sameServer } from "./same-server.ts";

/** A command about projects: what a server refuses is told with the command that would mend it. */
export abstract class ProjectCommand extends ServerCommand {
  /** The flags that lead another command to the same server. */
  protected get sameServer(): string {
    return sameServer(this.target.flags);
  }

  protected override report(error: unknown): ErrorReport {
    const report = super.report(error);
    const hint = isClientError(error) ? this.#remedy(error.code) : undefined;
    return hint === undefined ? report : { ...report, hint };
  }

  #remedy(code: string): string | undefined {
    const { bin } = this.config;
    if (code === "PROJECT_NOT_FOUND") return `Those there are: ${bin} projects list${this.sameServer}`;
    if (code === "TOO_MANY_KEYS")
      return `Retire the old ones with: ${bin} projects rotate NAME --finish${this.sameServer}`;
    return undefined;
  }
}
