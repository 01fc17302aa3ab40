/**
 * The operations whose cost is counted, beside the aims of FIGURES.md. A test holds the aims, and the bench prints the
 * same table: both hand in a way to send requests and a way to take the counts.
 */
export interface CountedWorker {
  /** Sends a request to `/v1/stream/{name}`. */
  request(name: string, options: CountedRequest): Promise<Response>;
  /** What was spent since the last call. */
  take(): Cost;
}

interface CountedRequest {
  readonly method: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What an operation cost. */
export interface Cost {
  /** Rows written, where every alarm that is set counts as one. */
  readonly rowsWritten: number;
  readonly rowsRead: number;
  /** Calls into objects: an RPC or a fetch each. */
  readonly objectRequests: number;
  readonly kvReads: number;
}

export interface OperationCost {
  readonly operation: string;
  readonly cost: Cost;
  readonly aim: Cost;
}

/** How many appends arrive at the same time where that is counted. */
export const CONCURRENT_APPENDS = 32;
/** How many appends the stream holds that is read. */
const STORED_APPENDS = 10;

type Run = (worker: CountedWorker, stream: (options: CountedRequest) => Promise<Response>) => Promise<void>;

interface Operation {
  readonly operation: string;
  readonly aim: Cost;
  /** Brings about what the operation needs; not counted. */
  readonly prepare: Run;
  readonly run: Run;
}

const JSON_TYPE = { "Content-Type": "application/json" };
const MESSAGE = '{"temperature":21.5}';
const BATCH = `[${Array.from({ length: 100 }, () => MESSAGE).join(",")}]`;
const TAIL = `0000000000000000_${String(STORED_APPENDS).padStart(16, "0")}`;

const create: Run = async (_worker, stream) => {
  await drain(stream({ method: "PUT", headers: JSON_TYPE }));
};

const createFilled: Run = async (worker, stream) => {
  await create(worker, stream);
  for (let i = 0; i < STORED_APPENDS; i++) await drain(stream(post(MESSAGE)));
};

const nothing: Run = () => Promise.resolve();

const OPERATIONS: readonly Operation[] = [
  {
    operation: "create",
    aim: aim(4, 3, 2),
    prepare: nothing,
    run: create,
  },
  {
    operation: "create with a TTL (sets an alarm)",
    aim: aim(5, 3, 2),
    prepare: nothing,
    run: (_worker, stream) => drain(stream({ method: "PUT", headers: { ...JSON_TYPE, "Stream-TTL": "3600" } })),
  },
  {
    operation: "append of 1 message",
    aim: aim(1, 1, 1),
    prepare: createFilled,
    run: (_worker, stream) => drain(stream(post(MESSAGE))),
  },
  {
    operation: "append of 100 in a batch",
    aim: aim(1, 1, 1),
    prepare: createFilled,
    run: (_worker, stream) => drain(stream(post(BATCH))),
  },
  {
    operation: "append by an idempotent producer",
    aim: aim(2, 1, 1),
    prepare: async (worker, stream) => {
      await createFilled(worker, stream);
      await drain(stream(post(MESSAGE, 0)));
    },
    run: (_worker, stream) => drain(stream(post(MESSAGE, 1))),
  },
  {
    operation: `${String(CONCURRENT_APPENDS)} appends at the same time`,
    aim: aim(CONCURRENT_APPENDS - 1, CONCURRENT_APPENDS, CONCURRENT_APPENDS),
    prepare: createFilled,
    run: async (_worker, stream) => {
      await Promise.all(Array.from({ length: CONCURRENT_APPENDS }, () => drain(stream(post(MESSAGE)))));
    },
  },
  {
    operation: `catch-up GET of ${String(STORED_APPENDS)} appends`,
    aim: aim(0, STORED_APPENDS + 1, 1),
    prepare: createFilled,
    run: (_worker, stream) => drain(stream({ method: "GET" })),
  },
  {
    operation: "GET at the tail",
    aim: aim(0, 0, 1),
    prepare: createFilled,
    run: (_worker, stream) => drain(stream({ method: "GET", query: `?offset=${TAIL}` })),
  },
  {
    operation: "HEAD",
    aim: aim(0, 0, 1),
    prepare: createFilled,
    run: (_worker, stream) => drain(stream({ method: "HEAD" })),
  },
  {
    operation: "long-poll and one append",
    aim: aim(1, 1, 2),
    prepare: createFilled,
    run: async (_worker, stream) => {
      const poll = drain(stream({ method: "GET", query: "?offset=now&live=long-poll" }));
      await drain(stream(post(MESSAGE)));
      await poll;
    },
  },
  {
    operation: "SSE attach with 10 appends to catch up on",
    aim: aim(0, STORED_APPENDS + 1, 1),
    prepare: createFilled,
    run: async (_worker, stream) => {
      const response = await stream({ method: "GET", query: "?offset=-1&live=sse" });
      const reader = response.body?.getReader();
      await reader?.read();
      await reader?.cancel();
    },
  },
  {
    operation: "GET of a stream that does not exist",
    aim: aim(0, 0, 1),
    prepare: nothing,
    run: (_worker, stream) => drain(stream({ method: "GET" })),
  },
  {
    operation: "append to a stream that does not exist",
    aim: aim(0, 0, 1),
    prepare: nothing,
    run: (_worker, stream) => drain(stream(post(MESSAGE))),
  },
];

/** Runs every operation on a stream of its own whose object is awake, in a project that has streams already. */
export async function countOperations(worker: CountedWorker): Promise<OperationCost[]> {
  const costs: OperationCost[] = [];
  // The first stream of a project makes the table of its directory.
  await drain(worker.request(`first-${crypto.randomUUID()}`, { method: "PUT", headers: JSON_TYPE }));
  for (const { operation, aim, prepare, run } of OPERATIONS) {
    const name = `counted-${crypto.randomUUID()}`;
    const stream = (options: CountedRequest): Promise<Response> => worker.request(name, options);
    // Waking up looks for tables, which a missing stream has to be asked for as well.
    await drain(stream({ method: "HEAD" }));
    await prepare(worker, stream);
    worker.take();
    await run(worker, stream);
    costs.push({ operation, cost: worker.take(), aim });
  }
  return costs;
}

/** Whether nothing cost more than it may. */
export function meetsAim({ cost, aim }: OperationCost): boolean {
  return (Object.keys(aim) as (keyof Cost)[]).every((unit) => cost[unit] <= aim[unit]);
}

function aim(rowsWritten: number, rowsRead: number, objectRequests: number): Cost {
  return { rowsWritten, rowsRead, objectRequests, kvReads: 0 };
}

function post(body: string, producerSeq?: number): CountedRequest {
  const producer =
    producerSeq === undefined
      ? {}
      : { "Producer-Id": "counted", "Producer-Epoch": "0", "Producer-Seq": String(producerSeq) };
  return { method: "POST", headers: { ...JSON_TYPE, ...producer }, body };
}

async function drain(response: Promise<Response>): Promise<void> {
  await (await response).arrayBuffer();
}
