// What every command does with a server: that is there, that refuses it, that has not what is meant, that is not there.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asksServer, COMMANDS, named } from "./support/commands.ts";
import { Room } from "./support/room.ts";
import { errorOf, expectBehaved, inAdvance, inEmptyFolder, NOWHERE, run, runIntoHead } from "./support/runs.ts";
import { wordsOf } from "./support/words.ts";

/** Those that a test ends, because nothing else does, are tested by interrupt.test.ts. */
const ENDING = COMMANDS.filter(({ id, row }) => row.asks !== "account" && id !== "listen" && id !== "dev");
const ASKING = COMMANDS.filter(asksServer);

/** Processes that wait most of their time. */
const WAITING = 10;

let room: Room;
beforeAll(async () => {
  room = await Room.open();
});
afterAll(() => room.close());

describe("--json", () => {
  const result = inAdvance(ENDING, ({ words: name, row: { works, input } }) =>
    room.with(works, ({ words, ...place }) =>
      run([...name, ...words, "--json"], { ...place, ...(input === undefined ? {} : { input }) }),
    ),
  );
  it.each(named(ENDING))("%s prints JSON and nothing else", async (_name, command) => {
    const { code, stdout, stderr } = await result(command);
    expectBehaved({ stdout, stderr }, room.secrets);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.split("\n");
    expect(lines.pop()).toBe("");
    if (command.row.json === "document") expect(lines).toHaveLength(1);
    const documents = lines.map((line) => JSON.parse(line) as unknown);
    for (const document of documents) expect(document).not.toHaveProperty("error");
  });
});

describe("a reader that leaves", () => {
  const atOnce = inAdvance(ENDING, ({ words: name, row: { works, input } }) =>
    room.with(works, ({ words, ...place }) =>
      runIntoHead([...name, ...words], 0, { ...place, ...(input === undefined ? {} : { input }) }),
    ),
  );
  it.each(named(ENDING))("%s ends quietly when nobody ever reads it", async (_name, command) => {
    const { code, signal, stderr } = await atOnce(command);
    expectBehaved({ stdout: "", stderr }, room.secrets);
    expect({ code, signal }, stderr).toEqual({ code: 0, signal: null });
    expect(stderr).not.toMatch(/EPIPE|Error/);
  });

  const long = COMMANDS.filter(({ row }) => row.long !== undefined && row.asks !== "account");
  const afterOne = inAdvance(long, ({ words: name, row }) =>
    room.with(row.long ?? "", ({ words, ...place }) => runIntoHead([...name, ...words], 1, place)),
  );
  it.each(named(long))("%s ends quietly when its first line has been read", async (_name, command) => {
    const { code, signal, stdout, stderr } = await afterOne(command);
    expectBehaved({ stdout, stderr }, room.secrets);
    expect({ code, signal }, stderr).toEqual({ code: 0, signal: null });
    expect(stdout).not.toBe("");
    expect(stderr).not.toMatch(/EPIPE|Error/);
  });
});

describe("a token that has expired", () => {
  // What everybody is told needs no token.
  const commands = ASKING.filter(({ row }) => row.asks !== "health");
  const result = inAdvance(commands, ({ words, row: { works, input } }) =>
    inEmptyFolder((cwd) => {
      const env = {
        DURABLE_STREAMS_URL: room.url,
        DURABLE_STREAMS_TOKEN: room.expiredToken,
        DURABLE_STREAMS_DEBUG: "api",
      };
      return run([...words, ...wordsOf(works), "--json"], { cwd, env, ...(input === undefined ? {} : { input }) });
    }),
  );
  it.each(named(commands))("%s says that it was not let in, and how to get one", async (_name, command) => {
    const { code, stdout, stderr } = await result(command);
    expectBehaved({ stdout, stderr }, room.secrets);
    expect(code, stdout).toBe(4);
    if (command.row.showsRefusals) expect(JSON.parse(stdout)).toMatchObject({ status: 401 });
    else expect(errorOf({ stdout }).hint).toMatch(/mint-token|context add/);
  });
});

describe("what is not there", () => {
  const commands = COMMANDS.filter(({ row }) => row.missing !== undefined && row.asks !== "account");
  const result = inAdvance(commands, ({ words: name, row }) =>
    room.with(row.missing ?? "", ({ words, ...place }) => run([...name, ...words, "--json"], place)),
  );
  it.each(named(commands))("%s: exit code 3, and it is named", async (_name, command) => {
    const { code, stdout, stderr } = await result(command);
    expectBehaved({ stdout, stderr }, room.secrets);
    expect(code, stdout + stderr).toBe(3);
    if (command.row.showsRefusals) expect(stdout).toContain('"status":404');
    else expect(errorOf({ stdout }).message).toMatch(/"(rooms\/)?none"/);
  });
});

describe("a value that only the server knows to be senseless", () => {
  const commands = COMMANDS.filter(({ row }) => row.senseless !== undefined);
  const result = inAdvance(commands, ({ words: name, row }) =>
    room.with(row.senseless ?? "", ({ words, ...place }) => run([...name, ...words, "--json"], place)),
  );
  it.each(named(commands))("%s: a mistake of the command line, told in its words", async (_name, command) => {
    const { code, stdout, stderr } = await result(command);
    expectBehaved({ stdout, stderr }, room.secrets);
    expect(code, stdout + stderr).toBe(2);
    expect(errorOf({ stdout }).message).not.toMatch(/failed with|Stream-|offset=/);
  });
});

describe("no server", () => {
  const result = inAdvance(
    ASKING,
    ({ words, row: { works, input } }) =>
      inEmptyFolder((cwd) => run([...words, ...wordsOf(works)], { cwd, ...(input === undefined ? {} : { input }) })),
    WAITING,
  );
  it.each(named(ASKING))("%s: exit code 7 soon, the URL, and what to do", async (_name, command) => {
    const { code, stdout, stderr } = await result(command);
    expectBehaved({ stdout, stderr });
    expect({ code, stdout }, stderr).toEqual({ code: 7, stdout: "" });
    expect(stderr).toContain(`Error: No answer from ${NOWHERE}: nothing listens there (ECONNREFUSED).`);
    expect(stderr).toContain("`durable-streams dev` starts one here");
  });
});
