import { describe, expect, it } from "vitest";
import { operationsSql } from "../../src/cloudflare/analytics.ts";

describe("the SQL for Analytics Engine", () => {
  it("weighs every sum and quantile by what each point stands for", () => {
    expect(operationsSql({ dataset: "shop", sinceSeconds: 86_400, byProject: false })).toBe(
      `SELECT
  blob1 AS operation,
  SUM(_sample_interval) AS requests,
  SUM(IF(double1 >= 400 AND double1 < 500, _sample_interval, 0)) AS client_errors,
  SUM(IF(double1 >= 500, _sample_interval, 0)) AS server_errors,
  SUM(_sample_interval * double2) AS bytes_in,
  SUM(_sample_interval * double3) AS bytes_out,
  SUM(IF(blob3 = 'bucket', _sample_interval, 0)) AS from_bucket,
  quantileExactWeighted(0.5)(double4, _sample_interval) AS p50_ms,
  quantileExactWeighted(0.99)(double4, _sample_interval) AS p99_ms,
  MAX(double4) AS max_ms,
  COUNT() AS points
FROM shop
WHERE timestamp > NOW() - INTERVAL '1' DAY
GROUP BY operation
FORMAT JSON`,
    );
  });

  it("tells projects apart, or asks for one alone", () => {
    const sql = operationsSql({ dataset: "shop", sinceSeconds: 90, project: "a-b_c", byProject: true });
    expect(sql).toContain("  index1 AS project,\n");
    expect(sql).toContain("INTERVAL '90' SECOND\n  AND index1 = 'a-b_c'\nGROUP BY operation, project\n");
  });

  it.for([
    { dataset: "shop; DROP TABLE shop" },
    { dataset: "shop WHERE 1" },
    { dataset: "" },
    { project: "a' OR '1' = '1" },
    { project: "a\\" },
    { sinceSeconds: 1.5 },
    { sinceSeconds: Number.NaN },
  ])("nothing is put into it that could end a name: %j", (given) => {
    expect(() => operationsSql({ dataset: "shop", sinceSeconds: 60, byProject: false, ...given })).toThrow(/ no /);
  });
});
