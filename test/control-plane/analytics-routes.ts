import type { ApiError } from "./api-error.ts";
import { param, type Answer, type Route } from "./route.ts";

/** A query that a test expects, and what it is answered with. */
export interface ExpectedQuery {
  readonly query: string | RegExp;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** The SQL API of Analytics Engine: it knows no SQL, only the queries that tests have told it of. */
export class Analytics {
  readonly #expected: ExpectedQuery[] = [];
  /** The queries that came, in their order. */
  readonly asked: string[] = [];

  expect(query: ExpectedQuery): void {
    this.#expected.push(query);
  }

  routes(violation: (problem: string) => ApiError): readonly Route[] {
    return [
      {
        name: "POST /accounts/:account/analytics_engine/sql",
        permission: "Account Analytics Read",
        body: { kind: "bytes" },
        handle: (call): Answer => {
          param(call, "account");
          const text = call.body.toString("utf8");
          this.asked.push(text);
          const found = this.#expected.find(({ query }) =>
            typeof query === "string" ? same(query, text) : query.test(text),
          );
          if (found === undefined) throw violation(`no test expects the query ${text}`);
          return { raw: JSON.stringify(answerTo(found)), type: "application/json" };
        },
      },
    ];
  }
}

/** SQL cares little for white space. */
function same(left: string, right: string): boolean {
  const plain = (text: string): string => text.trim().replace(/\s+/g, " ");
  return plain(left) === plain(right);
}

function answerTo({ columns, rows }: ExpectedQuery): Record<string, unknown> {
  return { meta: columns, data: rows, rows: rows.length, rows_before_limit_at_least: rows.length };
}
