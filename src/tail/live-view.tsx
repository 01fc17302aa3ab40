import { Box, Text, useInput, useWindowSize } from "ink";
import { useSyncExternalStore, type ReactElement } from "react";
import { visibleText } from "../client/visible-text.ts";
import { keyAction, type KeyAction } from "./keys.ts";
import type { Connection, LiveState } from "./live-state.ts";
import type { LiveStore } from "./live-store.ts";
import { figuresText } from "./status-text.ts";

/** Title, one message, status and help: what a terminal of any height gets. */
const MIN_ROWS = 4;

const CONNECTION_COLOURS: Record<Connection, string> = {
  connecting: "yellow",
  live: "green",
  waiting: "red",
  ended: "gray",
};

/** Wraps long messages. Too many rows go over the top edge, so that the newest message stays in sight. */
function Messages({ state, rows }: { readonly state: LiveState; readonly rows: number }): ReactElement {
  const over = state.closed || state.connection === "ended";
  return (
    <Box flexDirection="column" flexGrow={1} flexBasis={0} overflow="hidden" justifyContent="flex-end">
      {state.lines.length === 0 ? <Text dimColor>{over ? "no messages" : "waiting for messages"}</Text> : undefined}
      {state.lines.slice(-rows).map((line) => (
        <Box key={line.number} flexShrink={0}>
          <Text wrap="hard">{line.text === "" ? " " : line.text}</Text>
        </Box>
      ))}
      {/* Takes what is free, so that few messages stand at the top. */}
      <Box flexGrow={1} />
    </Box>
  );
}

function Status({ state, columns }: { readonly state: LiveState; readonly columns: number }): ReactElement {
  const { connection, closed, upToDate } = state;
  const word = closed ? "closed" : connection === "live" && !upToDate ? "catching up" : connection;
  return (
    <Text wrap="truncate">
      <Text color={CONNECTION_COLOURS[connection]}>{word}</Text>
      {figuresText(state, columns - word.length)}
    </Text>
  );
}

/** The whole screen: the stream's name, its newest messages, how it stands, and what can be pressed. */
export function LiveView({
  store,
  onLeave,
}: {
  readonly store: LiveStore;
  readonly onLeave: (how: KeyAction) => void;
}): ReactElement {
  const state = useSyncExternalStore(store.subscribe, store.getState);
  const { columns, rows } = useWindowSize();
  useInput((input, key) => {
    const action = keyAction(input, key);
    if (action !== undefined) onLeave(action);
  });
  return (
    <Box flexDirection="column" height={Math.max(MIN_ROWS, rows - 1)}>
      <Box flexShrink={0}>
        <Text bold wrap="truncate">
          {visibleText(state.stream)}
        </Text>
      </Box>
      <Messages state={state} rows={rows} />
      <Box flexShrink={0} flexDirection="column">
        {state.problem === undefined ? undefined : <Text color="red">{visibleText(state.problem)}</Text>}
        <Status state={state} columns={columns} />
        <Text dimColor>q leave</Text>
      </Box>
    </Box>
  );
}
