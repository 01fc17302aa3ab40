import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { CommandFailure, usageFailure } from "../../cli/command-failure.ts";
import { confirm } from "../../cli/confirm.ts";
import { parseDurationSeconds } from "../../cli/duration.ts";
import type { SecretKeeper } from "../../cli/projects/kept-secret.ts";
import { ProjectCommand } from "../../cli/projects/project-command.ts";
import { projectLines, time } from "../../cli/projects/project-table.ts";
import { finishRotation, rotateProject, type RotatedProject } from "../../cli/projects/rotate-project.ts";
import { savedKey } from "../../cli/projects/saved-key.ts";
import { isShown, keeperFor, KEEPING_FLAGS } from "../../cli/projects/secret-output.ts";
import { writeOutput } from "../../cli/standard-output.ts";
import { announcedSecret, SECRET_FLAG, STDIN_FLAG } from "../../cli/tokens/secret-input.ts";
import type { ProjectsClient } from "../../client/projects.ts";
import { PROJECT_FRESH_MS, TOKEN_LIFETIME_MAX_SECONDS } from "../../protocol/limits.ts";
import { keyId } from "../../protocol/secret.ts";

export default class ProjectsRotate extends ProjectCommand {
  static override summary = "Give a project a new signing key, in two phases.";
  static override description = `Phase one: a new key signs, and the old one is still accepted (--overlap, 7 days unless you say otherwise).
Give the new secret to everybody who signs. Phase two: --finish retires the old key at once.
--revoke-now is both at a time, for a secret that leaked.`;
  static override examples = [
    "<%= config.bin %> <%= command.id %> shop",
    "<%= config.bin %> <%= command.id %> shop --finish",
    "<%= config.bin %> <%= command.id %> shop --revoke-now --yes",
  ];

  static override args = {
    name: stringArg({ required: true, ignoreStdin: true, description: "The project's name." }),
  };

  static override flags = {
    overlap: string({ summary: "Accept the old key for so long: 1h, 7d.", helpValue: "DURATION" }),
    finish: boolean({
      summary: "Retire the old keys: only the one that signs is accepted.",
      exclusive: ["overlap", "revoke-now", "secret", "stdin"],
    }),
    "revoke-now": boolean({ summary: "Accept the old key no more.", exclusive: ["overlap"] }),
    yes: boolean({ char: "y", summary: "Do not ask before revoking." }),
    ...SECRET_FLAG,
    ...STDIN_FLAG,
    ...KEEPING_FLAGS,
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ProjectsRotate);
    const name = this.projectName(args.name);
    const overlapSeconds = flags["revoke-now"] ? 0 : requireOverlap(flags.overlap);
    if (flags["revoke-now"] && !flags.yes) await this.#ask(name);
    const { url } = flags;
    const connection = await this.connect(flags, flags.stdin || flags.secret !== undefined);
    const client = connection.projects(url);
    const keeper = keeperFor(flags, this.configFolder, url, name);
    if (flags.finish) return this.#finish(client, keeper, name, flags.json === true);
    const given = await announcedSecret(flags, "project");
    const rotated = await rotateProject({ client, keeper, name, given, overlapSeconds });
    const { project, secret } = rotated;
    this.#say(rotated);
    const shown = isShown(flags, given) ? { secret } : {};
    if (!flags.json) await writeOutput(shown.secret === undefined ? projectLines(project) : `${shown.secret}\n`);
    return { ...project, kid: await keyId(secret), saved: !flags["no-save"], ...shown };
  }

  async #finish(client: ProjectsClient, keeper: SecretKeeper, name: string, isJson: boolean): Promise<unknown> {
    const project = await finishRotation(client, keeper, name);
    this.notices.note(`Only the key ${project.keys[0]?.kid ?? ""} is accepted now.`);
    if ((await savedKey(project, await keeper.held())) === "unknown") {
      this.notices.warning("The secret that is saved here is of another key, and signs nothing any more.");
    }
    if (!isJson) await writeOutput(projectLines(project));
    return project;
  }

  #say({ project: { name, keys }, resumed }: RotatedProject): void {
    const [signing, ...old] = keys;
    const begin = resumed ? "An earlier rotation had gone through unheard:" : "Done:";
    this.notices.note(`${begin} the key ${signing?.kid ?? ""} of the project ${JSON.stringify(name)} signs now.`);
    const until = Math.max(...old.map(({ retiresAtMs }) => retiresAtMs ?? Infinity));
    if (old.length === 0) return;
    const words = Number.isFinite(until) ? `until ${time(until)}` : "until it is retired";
    this.notices.note(`What was signed before is accepted ${words}, or until: ${this.#finishCall(name)}`);
  }

  #finishCall(name: string): string {
    return `${this.config.bin} projects rotate ${name} --finish${this.sameServer}`;
  }

  async #ask(name: string): Promise<void> {
    const within = `${String(PROJECT_FRESH_MS / 1000)} s`;
    const what = `Every token of the project ${JSON.stringify(name)} that is in use stops working within ${within}`;
    if (!this.mayAsk) throw usageFailure(`${what}, and there is nobody to ask.`, "Confirm with --yes.");
    if (await confirm(`${what}. Revoke the old keys?`)) return;
    throw new CommandFailure({ code: "NOT_CONFIRMED", message: "Nothing was revoked." });
  }
}

function requireOverlap(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = parseDurationSeconds(text, "--overlap");
  if (seconds > TOKEN_LIFETIME_MAX_SECONDS) {
    throw usageFailure(`--overlap ${text} is longer than any token lives, which is 90 days.`, "Write it like 7d.");
  }
  if (seconds > 0) return seconds;
  throw usageFailure(`--overlap ${text} revokes the old key at once.`, "If that is what you want, use --revoke-now.");
}
