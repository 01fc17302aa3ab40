import { boolean, string } from "@oclif/core/flags";
import { ask } from "../cli/ask.ts";
import { CommandFailure, usageFailure } from "../cli/command-failure.ts";
import { CloudflareCommand } from "../cli/deploy/cloudflare-command.ts";
import { destroy, findRemains, isNothing, remainsText, withoutData } from "../cli/deploy/destroy.ts";
import { Steps } from "../cli/deploy/steps.ts";
import type { Target } from "../cli/deploy/target.ts";

const PROGRESS_EVERY = 1000;

export default class Destroy extends CloudflareCommand {
  static override summary = "Remove the deployed server, and its data.";
  static override description = `Shows what goes: the Worker with its Durable Objects, the R2 bucket with its objects, the KV namespace, and at last the contexts and credentials that are saved here for the server. Streams in it are gone for good. Broken off anywhere, the next run goes on.

With --keep-data bucket and namespace stay: sealed history, that is. What a stream has not sealed yet lies in its Durable Object, and goes with the Worker all the same.`;
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --env staging --yes --name shop-staging",
  ];

  static override flags = {
    env: string({ summary: "The environment of the project file that is meant.", helpValue: "NAME" }),
    "keep-data": boolean({ summary: "Leave the R2 bucket and the KV namespace." }),
    yes: boolean({ char: "y", summary: "Do not ask first; needs --name." }),
    name: string({ summary: "The Worker's name, to show that it is this one that is meant.", helpValue: "NAME" }),
  };

  protected override readonly interrupted = "Interrupted. Run destroy again: it goes on where it was.";

  override async run(): Promise<unknown> {
    const { flags } = await this.parse(Destroy);
    const options = this.options(flags.env, flags.verbose);
    this.#requireName(await this.target(options), flags);
    const { target, destination } = await this.destination(options);
    const found = await findRemains(destination, target, options.config);
    const remains = flags["keep-data"] ? withoutData(found) : found;
    const result = { name: target.name, url: destination.url };
    if (isNothing(remains)) {
      this.notices.note(`Nothing to do: nothing of ${target.name} is left.`);
      return { ...result, removed: [] };
    }
    this.notices.note(`What goes, for good:\n${remainsText(remains, target)}`);
    if (!flags.yes) await this.#ask(target);
    const { cwd, config: folder } = options;
    await destroy(destination, { target, remains, cwd, folder }, new Steps(this.notices), (objects) => {
      if (objects % PROGRESS_EVERY === 0) this.notices.note(`  ${String(objects)} objects`);
    });
    this.notices.note(`${target.name} is removed${flags["keep-data"] ? "; its bucket and namespace are kept" : ""}.`);
    return { ...result, removed: removedOf(remains) };
  }

  /** Judged before anything is asked of Cloudflare. */
  #requireName({ name }: Target, flags: { readonly yes: boolean; readonly name: string | undefined }): void {
    if (flags.name !== undefined && flags.name !== name) {
      throw usageFailure(
        `--name is ${JSON.stringify(flags.name)}, and the Worker of this folder is ${name}.`,
        "Nothing was removed. Check the folder and --env.",
      );
    }
    if (flags.yes && flags.name === undefined) {
      throw usageFailure("--yes alone does not remove a server.", `Name it, too: --yes --name ${name}`);
    }
    if (!flags.yes && !this.mayAsk) {
      throw usageFailure(
        `Removing ${name} has to be agreed to, and there is nobody to ask.`,
        `Agree by --yes --name ${name}`,
      );
    }
  }

  async #ask({ name }: Target): Promise<void> {
    if ((await ask(`Type the Worker's name (${name}) to remove it:`)) === name) return;
    throw new CommandFailure({ code: "NOT_CONFIRMED", message: "Nothing was removed." });
  }
}

function removedOf({
  worker,
  bucket,
  namespace,
  pinnedId,
  contexts,
  credentials,
}: ReturnType<typeof withoutData>): readonly string[] {
  return [
    ...(worker ? ["worker"] : []),
    ...(bucket === undefined ? [] : ["r2-bucket"]),
    ...(namespace === undefined ? [] : ["kv-namespace"]),
    ...(pinnedId === undefined ? [] : ["pinned-id"]),
    ...(contexts.length > 0 ? ["contexts"] : []),
    ...(credentials ? ["credentials"] : []),
  ];
}
