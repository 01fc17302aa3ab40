import { string as stringArg } from "@oclif/core/args";
import { boolean, integer, string } from "@oclif/core/flags";
import { usageFailure } from "../cli/command-failure.ts";
import { forkReport, requireForkPoint, requireSameServer } from "../cli/forking.ts";
import { lifetimeFlags, lifetimeOf } from "../cli/lifetime.ts";
import type { ErrorReport } from "../cli/report.ts";
import { ServerCommand } from "../cli/server-command.ts";

export default class Fork extends ServerCommand {
  static override summary = "Create a stream that begins as another one, without copying it.";

  static override description = `DST holds what SRC holds up to --offset, and then goes its own way: neither sees what is appended to the other. Offsets up to there are the same in both. It has SRC's content type, and its time to live where none is given.
SRC and DST are names or whole URLs, of streams of one server. A fork that is there already just so is a success; another stream is a conflict (exit code 5).
When SRC is deleted its forks go on reading what they inherit from it.
--json gives {"stream","forkedFrom","offset","subOffset","created","contentType","nextOffset","closed"}; offset is null where it was left out and the stream was there already.`;

  static override examples = [
    "<%= config.bin %> <%= command.id %> orders orders-test",
    "<%= config.bin %> <%= command.id %> orders orders-test \\\n  --offset 0000000000000000_0000000000000042 --ttl 7d",
    "<%= config.bin %> <%= command.id %> orders orders-2026 --closed",
  ];

  static override args = {
    src: stringArg({
      required: true,
      ignoreStdin: true,
      description: "The stream to fork: its name, or its whole URL.",
    }),
    dst: stringArg({ required: true, ignoreStdin: true, description: "The new stream: its name, or its whole URL." }),
  };

  static override flags = {
    offset: string({ summary: "Fork here (default: at SRC's end).", helpValue: "OFFSET" }),
    "sub-offset": integer({
      summary: "Inherit so many messages, or bytes of a stream that is not JSON, past --offset as well.",
      helpValue: "N",
      min: 0,
    }),
    ...lifetimeFlags("default: as SRC"),
    public: boolean({ summary: "Let anybody read it without a token." }),
    closed: boolean({ summary: "Create it closed: it will never hold more than it inherits." }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Fork);
    const { offset, closed, public: isPublic } = flags;
    const subOffset = flags["sub-offset"];
    requireForkPoint(offset, subOffset);
    const lifetime = lifetimeOf(flags);
    const source = this.streamUrl(flags, args.src);
    const url = this.streamUrl(flags, args.dst);
    requireSameServer(source, url);
    if (source === url) throw usageFailure(`A stream cannot be a fork of itself: ${url}.`, "Give DST another name.");
    const client = await this.connect(flags);
    const options = { offset, subOffset, ...lifetime, closed, public: isPublic };
    const result = await client.fork(source, url, options);
    // A new fork without --offset ends where it was forked.
    const at = offset ?? (result.created ? result.nextOffset : undefined);
    const more = subOffset === undefined || subOffset === 0 ? "" : ` and ${String(subOffset)} more`;
    const where = at === undefined ? "" : ` at ${at}${more}`;
    this.notices.note(`${result.created ? "Forked" : "Already there:"} ${url} from ${source}${where}`);
    return { stream: url, forkedFrom: source, offset: at ?? null, subOffset: subOffset ?? 0, ...result };
  }

  protected override report(error: unknown): ErrorReport {
    return forkReport(error, super.report(error));
  }
}
