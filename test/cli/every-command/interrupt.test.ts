// Ctrl-C during every command that waits for something.
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCli } from "../../support/cli.ts";
import { startScripted } from "../../support/scripted-server.ts";
import { asksServer, COMMANDS, named } from "./support/commands.ts";
import { Room } from "./support/room.ts";
import { expectBehaved, inAdvance, inEmptyFolder, runUntilInterrupt, Said } from "./support/runs.ts";
import { wordsOf } from "./support/words.ts";

describe("Ctrl-C while a server does not answer", () => {
  const commands = COMMANDS.filter(asksServer);
  const result = inAdvance(commands, async ({ words, row: { works, input } }) => {
    const { promise: asked, resolve: isAsked } = Promise.withResolvers<undefined>();
    const silent = await startScripted(() => {
      isAsked(undefined);
    });
    try {
      return await inEmptyFolder((cwd) => {
        const env = { DURABLE_STREAMS_URL: silent.url };
        return runUntilInterrupt([...words, ...wordsOf(works)], () => asked, { cwd, env, input: input ?? "" });
      });
    } finally {
      await silent.stop();
    }
  });
  it.each(named(commands))("%s ends, as interrupted, without a word of failure", async (_name, command) => {
    const { code, signal, stdout, stderr } = await result(command);
    expectBehaved({ stdout, stderr });
    // A shell shows both as 130.
    expect(signal ?? code, stderr).toBe(signal === null ? 130 : "SIGINT");
    expect(stderr).not.toContain("Error:");
    if (command.row.asks !== "health") expect(stdout).toBe("");
  });
});

it("append waits at Ctrl-C for the answer to what it has sent, says so, and a second one does not wait", async () => {
  const silent = await startScripted(
    (_request, response) => {
      response.writeHead(200, { "content-type": "application/json", "stream-next-offset": "1" }).end();
    },
    () => undefined,
  );
  const child = startCli(["append", "s", "1", "--url", silent.url]);
  const closed = once(child, "close");
  const said = new Said();
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    said.add("stderr", piece);
  });
  while (silent.requests.length < 2) await new Promise((resolve) => setImmediate(resolve));
  child.kill("SIGINT");
  await said.until(/\n/);
  child.kill("SIGINT");
  expect(await closed).toEqual([130, null]);
  expect(said.stderr).toBe("Waiting for the answer to what was sent last. Another Ctrl-C ends it on the spot.\n");
  await silent.stop();
});

describe("Ctrl-C while it goes on", () => {
  let room: Room;
  beforeAll(async () => {
    room = await Room.open();
  });
  afterAll(() => room.close());

  const commands = COMMANDS.filter(({ row }) => row.endless !== undefined && row.asks !== "account");
  const result = inAdvance(commands, ({ words: name, row: { endless } }) =>
    room.with(endless?.words ?? "", ({ words, ...place }) =>
      runUntilInterrupt([...name, ...words], (said) => said.until(endless?.ready ?? /./), place),
    ),
  );
  it.each(named(commands))("%s ends in order", async (_name, command) => {
    const { code, signal, stdout, stderr } = await result(command);
    expectBehaved({ stdout, stderr }, room.secrets);
    expect({ code, signal }, stderr).toEqual({ code: command.row.endless?.code ?? 130, signal: null });
    expect(stdout + stderr).not.toContain("Error:");
  });
});
