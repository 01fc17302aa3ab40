import { describe, expect, test } from "vitest";
import { type TaskNode, countByGroup, differences } from "../conformance/accounting.ts";
import { SCOPE, excludedTests } from "../conformance/scope.ts";

const tests = (count: number, state: string): TaskNode[] =>
  Array.from({ length: count }, (_, i) => ({ type: "test", name: `test ${i}`, result: { state } }));
const group = (name: string, ...tasks: TaskNode[]): TaskNode => ({ type: "suite", name, tasks });
const file = (...groups: TaskNode[]): TaskNode => group("conformance.test.ts", ...groups);

const scope = { declared: 8, excluded: { "Fork - Creation": 3 }, passes: 5 };
const forks = group("Fork - Creation", ...tests(3, "skip"));
const appends = group("Append", ...tests(2, "pass"), group("of JSON", ...tests(3, "pass")));

describe("conformance accounting", () => {
  test("says nothing when what ran is what is claimed", () => {
    expect(differences(countByGroup(file(appends, forks)), scope)).toEqual([]);
  });

  const cases: { when: string; ran: TaskNode; says: string }[] = [
    {
      when: "a claimed group has tests that did not run",
      ran: file(group("Append", ...tests(4, "pass"), ...tests(1, "skip")), forks),
      says: `"Append": 1 of 5 tests did not run`,
    },
    {
      when: "a claimed group is gone",
      ran: file(forks),
      says: "the suite declares 3 tests, expected 8",
    },
    {
      when: "a test failed",
      ran: file(group("Append", ...tests(4, "pass"), ...tests(1, "fail")), forks),
      says: "4 tests passed, expected 5",
    },
    {
      when: "an excluded group grew",
      ran: file(appends, group("Fork - Creation", ...tests(4, "skip"))),
      says: `"Fork - Creation" has 4 tests; it is excluded with 3`,
    },
    {
      when: "an excluded group ran",
      ran: file(appends, group("Fork - Creation", ...tests(1, "pass"), ...tests(2, "skip"))),
      says: `"Fork - Creation" is excluded, yet 1 of its tests ran`,
    },
    {
      when: "an excluded group was renamed",
      ran: file(appends, group("Forks", ...tests(3, "pass"))),
      says: `"Fork - Creation" is excluded, but the suite has no such group`,
    },
  ];
  for (const { when, ran, says } of cases) {
    test(`speaks up when ${when}`, () => {
      expect(differences(countByGroup(ran), scope)).toContain(says);
    });
  }

  test("the claims add up: what passes and what is excluded is the whole suite", () => {
    expect(SCOPE.passes + excludedTests()).toBe(SCOPE.declared);
  });
});
