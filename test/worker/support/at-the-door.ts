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

/** A promise that the test keeps: whoever waits for it goes on when it says so. */
export class Gate {
  /** Resolves when somebody has come to the gate. */
  readonly reached: Promise<void>;
  #reach = (): void => undefined;
  #open = (): void => undefined;
  readonly #opened: Promise<void>;

  constructor() {
    this.reached = new Promise((resolve) => (this.#reach = resolve));
    this.#opened = new Promise((resolve) => (this.#open = resolve));
  }

  pass(): Promise<void> {
    this.#reach();
    return this.#opened;
  }

  /** Only inside the object whose work waits it may go on: call this there. */
  readonly open = (): void => {
    this.#open();
  };
}
