import type { WorkerVersion } from "../../cloudflare/worker-versions.ts";
import { MIGRATIONS, OBJECT_CLASSES, type Migration } from "../../cloudflare/wrangler-config.ts";
import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";
import type { PlanItem } from "./plan-item.ts";

interface PlannedMigrations {
  /** The whole list, as the configuration has to hold it. */
  readonly migrations: readonly Migration[];
  readonly items: readonly PlanItem[];
}

const CLASSES = OBJECT_CLASSES.map(({ className }) => className);
const [STREAMS, PROJECTS] = CLASSES;

/**
 * The classes that came with one version after the other: the library before ours had streams only, our first version
 * projects too, and then there was the rest. A Worker that skipped a version gets, or got, several of these at once.
 */
const STEPS: readonly (readonly string[])[] = [
  CLASSES.filter((name) => name === STREAMS),
  CLASSES.filter((name) => name === PROJECTS),
  CLASSES.filter((name) => name !== STREAMS && name !== PROJECTS),
];

/**
 * Which classes of Durable Objects are still to be made: those that are not bound, unless the last migration there can be
 * is applied. What an applied migration made is not known for sure, and nobody asks: only its tag has to be right. A Worker
 * that is none of ours is refused here: its name is taken, and wrangler would put our migrations on top of its own.
 */
export function planMigrations(name: string, version: WorkerVersion | undefined): PlannedMigrations {
  if (version === undefined) return planned(MIGRATIONS, 0);
  const bound = version.bindings.filter(({ type }) => type === "durable_object_namespace");
  const [streams] = OBJECT_CLASSES;
  if (bound.find((binding) => binding.name === streams.binding)?.value !== streams.className) throw nameTaken(name);
  const { migrationTag = tagOf(1) } = version;
  const applied = STEPS.findIndex((_classes, i) => tagOf(i + 1) === migrationTag) + 1;
  if (applied === 0) throw unknownMigration(name, migrationTag);
  const missing = STEPS.slice(applied)
    .flat()
    .filter((className) => !bound.some(({ value }) => value === className));
  const earlier = STEPS.slice(0, applied - 1);
  const last = CLASSES.filter((className) => ![...earlier.flat(), ...missing].includes(className));
  const lists = [...earlier, last, ...(missing.length === 0 ? [] : [missing])];
  return planned(
    lists.map((names, i) => ({ tag: tagOf(i + 1), new_sqlite_classes: names })),
    applied,
  );
}

function tagOf(number: number): string {
  return `v${String(number)}`;
}

function planned(migrations: readonly Migration[], applied: number): PlannedMigrations {
  const items = migrations.map(({ tag, new_sqlite_classes: classes }, i): PlanItem =>
    i < applied
      ? { kind: "migration", name: tag, action: "keep" }
      : { kind: "migration", name: tag, action: "create", detail: classes.join(", ") },
  );
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
