import type { WorkerVersion } from "../../cloudflare/worker-versions.ts";
import {
  BINDING,
  MIGRATIONS,
  MIGRATIONS_FROM_STREAMS_ONLY,
  STREAM_CLASS,
  type Migration,
} from "../../cloudflare/wrangler-config.ts";
import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";
import type { PlanItem } from "./plan-item.ts";

interface PlannedMigrations {
  /** The whole list, as the configuration has to hold it. */
  readonly migrations: readonly Migration[];
  readonly items: readonly PlanItem[];
}

/**
 * Which classes of Durable Objects are still to be made. A Worker that is none of ours is refused here: its name is taken,
 * and wrangler would put our migrations on top of its own.
 */
export function planMigrations(name: string, version: WorkerVersion | undefined): PlannedMigrations {
  if (version === undefined) return planned(MIGRATIONS, 0);
  const classes = version.bindings.filter(({ type }) => type === "durable_object_namespace");
  const streams = classes.find((binding) => binding.name === BINDING.streams);
  if (streams?.value !== STREAM_CLASS) throw nameTaken(name);
  const hasProjects = classes.some((binding) => binding.name === BINDING.projects);
  const [first, second] = MIGRATIONS_FROM_STREAMS_ONLY.map(({ tag }) => tag);
  const { migrationTag = first } = version;
  if (migrationTag === second) return planned(MIGRATIONS_FROM_STREAMS_ONLY, 2);
  if (migrationTag !== first) throw unknownMigration(name, migrationTag);
  return hasProjects ? planned(MIGRATIONS, 1) : planned(MIGRATIONS_FROM_STREAMS_ONLY, 1);
}

function planned(migrations: readonly Migration[], applied: number): PlannedMigrations {
  const items = migrations.map(({ tag, new_sqlite_classes: classes }, index): PlanItem => {
    return { kind: "migration", name: tag, action: index < applied ? "keep" : "create", detail: classes.join(", ") };
  });
  return { migrations, items };
}

function nameTaken(name: string): CommandFailure {
  return new CommandFailure({
    code: "WORKER_NAME_TAKEN",
    message: `The account has a Worker named ${name} already, and it is no durable-streams server.`,
    hint: "Choose another name in the project file. To replace that Worker, delete it first: npx wrangler delete",
    exitCode: EXIT.conflict,
  });
}

function unknownMigration(name: string, tag: string | undefined): CommandFailure {
  return new CommandFailure({
    code: "MIGRATION_UNKNOWN",
    message: `The Worker ${name} has the Durable Object migration ${JSON.stringify(tag)}, which this version does not know.`,
    hint: "Deploy it with the durable-streams, or the wrangler.jsonc, that it was deployed with.",
    exitCode: EXIT.conflict,
  });
}
