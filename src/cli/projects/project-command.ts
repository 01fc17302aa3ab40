import { isClientError } from "../../client/errors/client-error.ts";
import type { ErrorReport } from "../report.ts";
import { ServerCommand } from "../server-command.ts";
import { requireProjectName } from "./project-name.ts";
import { sameServer } from "./same-server.ts";

/** A command about projects: what a server refuses is told with the command that would mend it. */
export abstract class ProjectCommand extends ServerCommand {
  #name: string | undefined;

  /** The flags that lead another command to the same server. */
  protected get sameServer(): string {
    return sameServer(this.target.flags);
  }

  /** The project that the command line names, refused if no project can have that name. */
  protected projectName(text: string): string {
    this.#name = requireProjectName(text);
    return this.#name;
  }

  protected override report(error: unknown): ErrorReport {
    const report = super.report(error);
    if (!isClientError(error)) return report;
    const { bin } = this.config;
    if (error.code === "PROJECT_NOT_FOUND" && this.#name !== undefined) return this.#missing(this.#name, report);
    if (error.code !== "TOO_MANY_KEYS") return report;
    return { ...report, hint: `Retire the old ones with: ${bin} projects rotate NAME --finish${this.sameServer}` };
  }

  /** The server's own sentence names the request that would create it. */
  #missing(name: string, report: ErrorReport): ErrorReport {
    const { bin } = this.config;
    const list = `Those there are: ${bin} projects list${this.sameServer}`;
    const create = `Create it with: ${bin} create-project ${name}${this.sameServer}`;
    return {
      ...report,
      message: `There is no project ${JSON.stringify(name)} at ${this.target.url}.`,
      hint: this.id === "projects:delete" ? list : `${create}\n${list}`,
    };
  }
}
