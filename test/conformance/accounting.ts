// Compares the tests that ran with the tests that are claimed to run.

/** How the tests of one top-level group of the suite ended. */
export interface GroupCount {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface Scope {
  /** Every test of the suite, run or not. */
  readonly declared: number;
  /** The groups that may not run, and how many tests each has. */
  readonly excluded: Readonly<Record<string, number>>;
  /** How many tests must run and pass. */
  readonly passes: number;
}

/** The part of Vitest's task tree that counting needs. */
export interface TaskNode {
  readonly type: "suite" | "test";
  readonly name: string;
  readonly tasks?: readonly TaskNode[];
  readonly result?: { readonly state: string } | undefined;
}

/** Counts by the name of the top-level group, however deep the tests below it stand. */
export function countByGroup(file: TaskNode): Map<string, GroupCount> {
  const groups = new Map<string, GroupCount>();
  for (const group of file.tasks ?? []) {
    const states = testsOf(group).map((test) => test.result?.state);
    const passed = states.filter((state) => state === "pass").length;
    const failed = states.filter((state) => state === "fail").length;
    groups.set(group.name, { passed, failed, skipped: states.length - passed - failed });
  }
  return groups;
}

function testsOf(node: TaskNode): TaskNode[] {
  return node.type === "test" ? [node] : (node.tasks ?? []).flatMap(testsOf);
}

/** Each way in which what ran differs from what is claimed, as a sentence; empty when nothing does. */
export function differences(groups: ReadonlyMap<string, GroupCount>, scope: Scope): string[] {
  const found: string[] = [];
  for (const [name, { passed, failed, skipped }] of groups) {
    const [declared, excluded] = [passed + failed + skipped, scope.excluded[name]];
    if (excluded === undefined) {
      if (skipped > 0) found.push(`"${name}": ${skipped} of ${declared} tests did not run`);
    } else {
      if (skipped < declared) found.push(`"${name}" is excluded, yet ${declared - skipped} of its tests ran`);
      if (declared !== excluded) found.push(`"${name}" has ${declared} tests; it is excluded with ${excluded}`);
    }
  }
  for (const name of Object.keys(scope.excluded)) {
    if (!groups.has(name)) found.push(`"${name}" is excluded, but the suite has no such group`);
  }
  const counts = [...groups.values()];
  const declared = sum(counts, (count) => count.passed + count.failed + count.skipped);
  if (declared !== scope.declared) found.push(`the suite declares ${declared} tests, expected ${scope.declared}`);
  const passed = sum(counts, (count) => count.passed);
  if (passed !== scope.passes) found.push(`${passed} tests passed, expected ${scope.passes}`);
  return found;
}

function sum(counts: readonly GroupCount[], of: (count: GroupCount) => number): number {
  return counts.reduce((total, count) => total + of(count), 0);
}
