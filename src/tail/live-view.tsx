import { Box, Text, useInput, useWindowSize } from "ink";
import { useSyncExternalStore, type ReactElement } from "react";
import { visibleText } from "../client/visible-text.ts";
import { keyAction } from "./keys.ts";
import type { Connection, LiveState } from "./live-state.ts";
import type { LiveStore } from "./live-store.ts";

/** Title, status and help take a line each. */
const FRAME_LINES = 3;

const CONNECTION_COLOURS: Record<Connection, string> = {
  connecting: "yellow",
  live: "green",
  waiting: "red",
  ended: "gray",
};

function Status({ state }: { readonly state: LiveState }): ReactElement {
  const { connection, closed, upToDate, offset, total, messagesPerSecond, problem } = state;
  const word = closed ? "closed" : connection === "live" && !upToDate ? "catching up" : connection;
  return (
    <Text wrap="truncate">
      <Text color={CONNECTION_COLOURS[connection]}>{word}</Text>
      {`  ${String(total)} messages  ${messagesPerSecond.toFixed(1)}/s  next ${visibleText(offset ?? "-")}`}
      {problem === undefined ? "" : `  ${visibleText(problem)}`}
    </Text>
  );
}

/** The whole screen: the stream's name, its newest messages, how it stands, and what can be pressed. */
export function LiveView({
  store,
  onLeave,
}: {
  readonly store: LiveStore;
  readonly onLeave: () => void;
}): ReactElement {
  const state = useSyncExternalStore(store.subscribe, store.getState);
  const { rows } = useWindowSize();
  useInput((input, key) => {
    if (keyAction(input, key) === "leave") onLeave();
  });
  const room = Math.max(1, rows - FRAME_LINES - 1);
  return (
    <Box flexDirection="column" height={Math.max(FRAME_LINES + 1, rows - 1)}>
      <Text bold wrap="truncate">
        {visibleText(state.stream)}
      </Text>
      <Box flexDirection="column" flexGrow={1} overflow="hidden">
        {state.lines.slice(-room).map((line) => (
          <Text key={line.number} wrap="truncate">
            {line.text === "" ? " " : line.text}
          </Text>
        ))}
      </Box>
      <Status state={state} />
      <Text dimColor>q leave</Text>
    </Box>
  );
}
