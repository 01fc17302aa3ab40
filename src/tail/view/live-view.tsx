import { Box, Text, useInput } from "ink";
import { useSyncExternalStore, type ReactElement } from "react";
import { pressOf } from "../keys.ts";
import type { LiveStore } from "../live-store.ts";
import { paint } from "./paint.ts";
import { screenOf } from "./screen.ts";

/** The whole screen. Rows are cut to its width by the time they come here: ink only has to put them there. */
export function LiveView({
  store,
  hasColours,
}: {
  readonly store: LiveStore;
  readonly hasColours: boolean;
}): ReactElement {
  const state = useSyncExternalStore(store.subscribe, store.getState);
  useInput((input, key) => {
    store.press(pressOf(input, key));
  });
  return (
    <Box flexDirection="column">
      {screenOf(state).map((row, i) => (
        <Text key={i} wrap="truncate">
          {row.length === 0 ? " " : paint(row, hasColours)}
        </Text>
      ))}
    </Box>
  );
}
