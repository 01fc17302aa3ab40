// How much of the official suite is claimed. The counts are those of @durable-streams/server-conformance-tests 0.3.6.
// They are written down so that neither a filter nor an upgrade of the suite can silently run less than is claimed.
import type { Scope } from "./accounting.ts";

/** Whether the suite's own switch for subscription tests is on. */
export const SUBSCRIPTIONS = true;

/** The tests that the suite declares, whether they run or not. */
const DECLARED_TESTS = 338;

/** Groups whose feature this server does not have yet, with their tests. To claim a feature, delete its rows. */
const EXCLUDED_GROUPS: Readonly<Record<string, number>> = {};

/** What must run and pass: all but the excluded groups. */
const EXPECTED_PASSES = 338;

export const SCOPE: Scope = { declared: DECLARED_TESTS, excluded: EXCLUDED_GROUPS, passes: EXPECTED_PASSES };

/** How many tests the exclusions keep from running. */
export const excludedTests = (): number => Object.values(SCOPE.excluded).reduce((sum, tests) => sum + tests, 0);
