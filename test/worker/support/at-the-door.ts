interface Objects<O> {
  readonly prototype: O;
}

type Method = (this: unknown, ...args: never[]) => unknown;

type Arguments<O, M extends keyof O> = O[M] extends (...args: infer A) => unknown ? A : never;

/**
 * Stands at the door of every object of a class, whose prototype they share: calls of a method go through `between`, which
 * may let them in with `real`, before or after something else, or not at all.
 */
export function atTheDoor<O extends object, M extends keyof O & string>(
  { prototype }: Objects<O>,
  method: M,
  between: (real: () => unknown, ...args: Arguments<O, M>) => unknown,
): Disposable {
  const methods = prototype as Record<string, Method>;
  const original = methods[method];
  if (original === undefined) throw new Error(`the objects have no ${method}`);
  methods[method] = function (...args) {
    return between(
      () => Reflect.apply<unknown, never[], unknown>(original, this, args),
      ...(args as unknown as Arguments<O, M>),
    );
  };
  return {
    [Symbol.dispose]: () => {
      methods[method] = original;
    },
  };
}

/** Whether somebody came cannot be awaited, only looked at. */
const LOOK_EVERY_MS = 2;

/** A promise that the test keeps: whoever waits for it goes on when it says so. */
export class Gate {
  #isReached = false;
  #open = (): void => undefined;
  readonly #opened: Promise<void>;

  constructor() {
    this.#opened = new Promise((resolve) => (this.#open = resolve));
  }

  /**
   * Resolves when somebody has come to the gate. A promise that the object itself resolved would have the test go on inside
   * that object, where nothing of its own may be used.
   */
  get reached(): Promise<void> {
    return this.#untilReached();
  }

  pass(): Promise<void> {
    this.#isReached = true;
    return this.#opened;
  }

  /** Only inside the object whose work waits it may go on: call this there. */
  readonly open = (): void => {
    this.#open();
  };

  async #untilReached(): Promise<void> {
    while (!this.#isReached) await scheduler.wait(LOOK_EVERY_MS);
  }
}
