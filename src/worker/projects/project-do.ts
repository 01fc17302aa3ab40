import { DurableObject } from "cloudflare:workers";
import { PROJECT_PATIENCE_MS } from "../../protocol/limits.ts";
import type { ProjectRecord, SettingsChange } from "../../protocol/project.ts";
import { withinTime } from "../segments/within-time.ts";
import type {
  ChangeProjectOutcome,
  CreateProjectOutcome,
  DeleteProjectOutcome,
  RetireOutcome,
  RotateOutcome,
} from "./operations.ts";
import type { Listeners } from "./outbox.ts";
import { ProjectStorage } from "./project-storage.ts";
import { Project, type NewKey } from "./project.ts";

/** What the objects of projects work with. */
export interface ProjectEnv {
  PROJECTS: DurableObjectNamespace<ProjectDO>;
  /** Gets a copy of every project, for when its object cannot be reached. */
  REGISTRY?: KVNamespace;
}

/** The object that lists the names of all projects. No project is called like that. */
export const INDEX_NAME = "__ds/index";

/**
 * The truth of one project: its keys and its settings. Its object is named by the project's name, and every method is
 * given that name: an object that an alarm wakes up does not always know its own. One more object, `INDEX_NAME`, lists
 * the names. What the methods throw means that nothing is known to have changed; asking again does no harm.
 */
export class ProjectDO extends DurableObject<ProjectEnv> {
  readonly #storage: ProjectStorage;
  readonly #project: Project;

  constructor(ctx: DurableObjectState, env: ProjectEnv) {
    super(ctx, env);
    this.#storage = new ProjectStorage(ctx.storage);
    this.#project = new Project(this.#storage, listeners(env));
  }

  /** All that is known of the project, its secrets included; `undefined` when there is none. */
  record(name: string): Promise<ProjectRecord | undefined> {
    return this.#project.record(name);
  }

  /** Creates the project, or confirms that it is there as asked. */
  create(name: string, key: NewKey, settings: SettingsChange): Promise<CreateProjectOutcome> {
    return this.#project.create(name, key, settings);
  }

  change(name: string, settings: SettingsChange): Promise<ChangeProjectOutcome> {
    return this.#project.change(name, settings);
  }

  /** Lets another key sign; those before it are accepted for `overlapMs` more, or, with 0, no longer. */
  rotate(name: string, key: NewKey, overlapMs: number): Promise<RotateOutcome> {
    return this.#project.rotate(name, key, overlapMs);
  }

  /** Retires every key but the one that signs, or, with a `kid`, only that one. */
  retire(name: string, kid?: string): Promise<RetireOutcome> {
    return this.#project.retire(name, kid);
  }

  /** Leaves only what a later project of the name needs to go on above its version. */
  delete(name: string): Promise<DeleteProjectOutcome> {
    return this.#project.delete(name);
  }

  /** Of the index: puts a project's name into the list. */
  putName(name: string, version: number): void {
    this.#storage.putName(name, version);
  }

  /** Of the index: takes a name out of the list, unless a later version has put it there. */
  removeName(name: string, version: number): void {
    this.#storage.removeName(name, version);
  }

  /** Of the index: at most `limit` names that come after `after`, in order. Some may have no project. */
  names(after: string, limit: number): string[] {
    return this.#storage.names(after, limit);
  }

  override async alarm(): Promise<void> {
    await this.#project.takeUp();
  }
}

function listeners(env: ProjectEnv): Listeners {
  const index = (): DurableObjectStub<ProjectDO> => env.PROJECTS.getByName(INDEX_NAME);
  const patiently = async (work: Promise<void>): Promise<void> =>
    withinTime(PROJECT_PATIENCE_MS, work, "The list of projects");
  return {
    registry: env.REGISTRY,
    putName: async (name, version) => patiently(index().putName(name, version)),
    removeName: async (name, version) => patiently(index().removeName(name, version)),
  };
}
