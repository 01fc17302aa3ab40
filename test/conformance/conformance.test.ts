// The official suite, against the server that `server.setup.ts` started or that CONFORMANCE_URL names.
import { runConformanceTests } from "@durable-streams/server-conformance-tests";
import { afterAll, beforeEach, expect, inject } from "vitest";
import { countByGroup, differences } from "./accounting.ts";
import { SCOPE, SUBSCRIPTIONS } from "./scope.ts";

beforeEach(({ task, skip }) => {
  let group = task.suite;
  while (group?.suite !== undefined) group = group.suite;
  skip(group !== undefined && group.name in SCOPE.excluded, "its feature is not claimed yet");
});

// Runs whatever happens to the tests above, so a name filter cannot take the counting away with them.
afterAll(({}, suite) => {
  expect(differences(countByGroup(suite.file), SCOPE), "what ran is not what scope.ts claims").toEqual([]);
});

runConformanceTests({ baseUrl: inject("conformanceUrl"), subscriptions: SUBSCRIPTIONS });
