type Constructor = object & { prototype: object };
type Construct = (target: Constructor, args: ArrayLike<unknown>, newTarget?: Constructor) => unknown;

/**
 * Keeps a test that makes hundreds of objects from getting slower with each. Vitest's pool (0.19) puts a proxy around the
 * prototype of its class of objects whenever one is made, and around that proxy the next time; here it stays at the first.
 * Gives a function that lets it go on.
 */
export function keepObjectsFast(): () => void {
  const reflect = Reflect as unknown as { construct: Construct };
  const { construct } = reflect;
  const prototypes = new WeakMap<Constructor, object>();
  reflect.construct = (target, args, newTarget = target) => {
    const first = prototypes.get(newTarget);
    if (first === undefined) prototypes.set(newTarget, newTarget.prototype);
    else if (newTarget.prototype !== first) newTarget.prototype = first;
    return construct(target, args, newTarget);
  };
  return () => {
    reflect.construct = construct;
  };
}
