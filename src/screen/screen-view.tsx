import { Box, Text, useInput } from "ink";
import { useSyncExternalStore, type ReactElement } from "react";
import { paint } from "./paint.ts";
import { pressOf } from "./press.ts";
import type { Screen } from "./scene.ts";

/** The whole terminal. Rows are cut to its width by the time they come here: ink only has to put them there. */
export function ScreenView({
  screen,
  hasColours,
}: {
  readonly screen: Screen;
  readonly hasColours: boolean;
}): ReactElement {
  useSyncExternalStore(screen.subscribe, screen.getState);
  useInput((input, key) => {
    screen.press(pressOf(input, key));
  });
  return (
    <Box flexDirection="column">
      {screen.rows().map((row, i) => (
        <Text key={i} wrap="truncate">
          {row.length === 0 ? " " : paint(row, hasColours)}
        </Text>
      ))}
    </Box>
  );
}
