import { usageFailure } from "../command-failure.ts";

interface Rule {
  readonly from: string;
  readonly to: string;
}

/** What `--prefix-map OLD=NEW` makes of names. Of several that fit, the longest OLD counts. */
export class PrefixMap {
  readonly #rules: readonly Rule[];

  constructor(rules: readonly string[]) {
    this.#rules = rules
      .map((rule) => {
        const at = rule.indexOf("=");
        if (at >= 0) return { from: rule.slice(0, at), to: rule.slice(at + 1) };
        throw usageFailure(
          `--prefix-map ${JSON.stringify(rule)} has no "=".`,
          "Write it like orders/=copies/orders/; before the = nothing means every name.",
        );
      })
      .sort((left, right) => right.from.length - left.from.length);
  }

  apply(name: string): string {
    const rule = this.#rules.find(({ from }) => name.startsWith(from));
    return rule === undefined ? name : `${rule.to}${name.slice(rule.from.length)}`;
  }

  /** Refuses two streams that would become one. */
  requireDistinct(names: readonly string[]): void {
    const taken = new Map<string, string>();
    for (const name of names) {
      const to = this.apply(name);
      const other = taken.get(to);
      if (other !== undefined) {
        throw usageFailure(
          `--prefix-map makes ${JSON.stringify(to)} of both ${JSON.stringify(other)} and ${JSON.stringify(name)}.`,
          "Map them to different names.",
        );
      }
      taken.set(to, name);
    }
  }
}
