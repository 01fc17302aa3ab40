const GAP = "  ";

/** Rows in columns, each as wide as it has to be. The first `texts` columns begin at the left, the others are numbers. */
export function columns(rows: readonly (readonly string[])[], texts: number): string {
  const [first = []] = rows;
  const widths = first.map((_, at) => Math.max(...rows.map((cells) => cells[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, at) => (at < texts ? (cells[at] ?? "").padEnd(width) : (cells[at] ?? "").padStart(width)))
      .join(GAP)
      .trimEnd();
  return rows.map((cells) => `${line(cells)}\n`).join("");
}
