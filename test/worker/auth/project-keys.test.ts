import { describe, expect, test } from "vitest";
import { acceptedKeys } from "../../../src/protocol/project.ts";
import { keyId, newSecret } from "../../../src/protocol/secret.ts";
import { Clock } from "../support/clock.ts";
import { freshProject, Operator, projectObject, refusal, type ProjectFacts } from "./support/operator.ts";

const operator = new Operator();
const DAY_MS = 86_400_000;

function states({ keys }: ProjectFacts): string[] {
  return keys.map(({ kid, state }) => `${state} ${kid}`);
}

/** The secrets that tokens may be signed with, as the edge gets to know them. */
async function accepted(name: string): Promise<string[]> {
  const record = await projectObject(name).record(name);
  return record === undefined ? [] : acceptedKeys(record, Date.now()).map(({ secret }) => secret);
}

describe("keys: rotation", () => {
  test("phase one lets the new key sign and accepts the old one until the overlap is over", async () => {
    using clock = new Clock();
    const name = freshProject();
    const { secret: old } = await operator.create(name);
    const answer = await operator.ask("POST", `/projects/${name}/keys`, {});
    expect(answer.status).toBe(201);
    const { project, secret: added = "" } = await answer.json<{ project: ProjectFacts; secret?: string }>();
    expect(states(project)).toEqual([`active ${await keyId(added)}`, `retiring ${await keyId(old)}`]);
    expect(project.keys[1]?.retiresAtMs).toBe(clock.nowMs + 7 * DAY_MS);
    expect(await accepted(name)).toEqual([added, old]);
    clock.advanceSeconds((7 * DAY_MS) / 1000 - 1);
    expect(await accepted(name)).toEqual([added, old]);
    clock.advanceSeconds(1);
    expect(await accepted(name)).toEqual([added]);
    expect(states((await operator.do("GET", `/projects/${name}`)).project)).toEqual([`active ${await keyId(added)}`]);
  });

  test("phase two retires the old keys before their time; where there are none it changes nothing", async () => {
    const name = freshProject();
    await operator.create(name);
    const { secret: added = "" } = await operator.do("POST", `/projects/${name}/keys`, { overlapSeconds: 3600 });
    const { project } = await operator.do("DELETE", `/projects/${name}/keys`);
    expect([project.version, states(project)]).toEqual([3, [`active ${await keyId(added)}`]]);
    expect(await accepted(name)).toEqual([added]);
    expect(await operator.do("DELETE", `/projects/${name}/keys`)).toEqual({ project });
  });

  test("an overlap of 0 revokes at once, also when the key signs already", async () => {
    const name = freshProject();
    await operator.create(name);
    const secret = newSecret("project");
    await operator.do("POST", `/projects/${name}/keys`, { secret, overlapSeconds: 60 });
    const again = await operator.ask("POST", `/projects/${name}/keys`, { secret, overlapSeconds: 60 });
    expect(again.status).toBe(200);
    expect((await again.json<{ project: ProjectFacts }>()).project).toMatchObject({ version: 2, keys: [{}, {}] });
    const { project } = await operator.do("POST", `/projects/${name}/keys`, { secret, overlapSeconds: 0 });
    expect([project.version, states(project)]).toEqual([3, [`active ${await keyId(secret)}`]]);
    const { secret: last = "" } = await operator.do("POST", `/projects/${name}/keys`, { overlapSeconds: 0 });
    expect(await accepted(name)).toEqual([last]);
  });

  test("one key can be retired by its kid, but never the one that signs", async () => {
    const name = freshProject();
    const { secret: first } = await operator.create(name);
    const { secret: second = "" } = await operator.do("POST", `/projects/${name}/keys`, {});
    const { secret: third = "" } = await operator.do("POST", `/projects/${name}/keys`, {});
    const retire = async (secret: string) => operator.ask("DELETE", `/projects/${name}/keys/${await keyId(secret)}`);
    expect(await refusal(await retire(third))).toEqual([409, "KEY_SIGNS"]);
    expect((await retire(second)).status).toBe(200);
    expect(await refusal(await retire(second))).toEqual([404, "KEY_NOT_FOUND"]);
    expect(await accepted(name)).toEqual([third, first]);
  });

  test("a fifth accepted key is refused, and there is room again when old ones retire", async () => {
    using clock = new Clock();
    const name = freshProject();
    await operator.create(name);
    const rotate = () => operator.ask("POST", `/projects/${name}/keys`, { overlapSeconds: 60 });
    for (let i = 0; i < 3; i++) expect((await rotate()).status).toBe(201);
    expect(await refusal(await rotate())).toEqual([409, "TOO_MANY_KEYS"]);
    expect(await accepted(name)).toHaveLength(4);
    clock.advanceSeconds(61);
    expect((await rotate()).status).toBe(201);
    expect(await accepted(name)).toHaveLength(2);
  });

  test.each([
    [{ overlapSeconds: -1 }, "INVALID_FIELD"],
    [{ overlapSeconds: 1.5 }, "INVALID_FIELD"],
    [{ overlapSeconds: "60" }, "INVALID_FIELD"],
    [{ overlapSeconds: 90 * 86_400 + 1 }, "INVALID_FIELD"],
    [{ overlap: 1 }, "INVALID_FIELD"],
    [{ secret: "x" }, "INVALID_SECRET"],
  ])("a rotation that is not understood changes nothing: %j", async (body, code) => {
    const name = freshProject();
    const { secret, project } = await operator.create(name);
    expect(await refusal(await operator.ask("POST", `/projects/${name}/keys`, body))).toEqual([400, code]);
    expect(await operator.do("GET", `/projects/${name}`)).toEqual({ project });
    expect(await accepted(name)).toEqual([secret]);
  });

  test("rotations at the same moment are all of them there, one after the other", async () => {
    const name = freshProject();
    const { secret } = await operator.create(name);
    const made = [newSecret("project"), newSecret("project"), newSecret("project")];
    const answers = await Promise.all(
      made.map((one) => operator.do("POST", `/projects/${name}/keys`, { secret: one })),
    );
    expect(answers.map(({ project }) => project.version).sort()).toEqual([2, 3, 4]);
    expect((await accepted(name)).sort()).toEqual([secret, ...made].sort());
  });
});
