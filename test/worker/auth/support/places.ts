import { env } from "cloudflare:workers";
import type { ProjectRecord } from "../../../../src/protocol/project.ts";

/** What stands between an isolate and what it asks about projects: passes on, fails, or never answers. */
type Line = "works" | "fails" | "hangs";

/** Where an isolate looks up projects, and what it asked there. */
export class Places {
  /** The names of the projects whose objects were asked, in order. */
  readonly asked: string[] = [];
  /** What KV was asked for, in order. */
  readonly read: string[] = [];
  objects: Line = "works";
  registry: Line = "works";

  /** The bindings that go through here. */
  get bindings(): Readonly<Record<string, unknown>> {
    return {
      PROJECTS: {
        getByName: (name: string) => ({
          record: async (): Promise<ProjectRecord | undefined> => {
            this.asked.push(name);
            return over(this.objects, () => env.PROJECTS.getByName(name).record(name));
          },
        }),
      },
      REGISTRY: {
        get: async (name: string): Promise<string | null> => {
          this.read.push(name);
          return over(this.registry, () => env.REGISTRY.get(name));
        },
      },
    };
  }

  /** Whether nothing was asked since the last time this was. */
  takeQuestions(): { readonly asked: number; readonly read: number } {
    return { asked: this.asked.splice(0).length, read: this.read.splice(0).length };
  }
}

async function over<T>(line: Line, work: () => Promise<T>): Promise<T> {
  if (line === "hangs") return new Promise<never>(() => undefined);
  if (line === "fails") throw new Error("injected: nobody answers");
  return work();
}
