/** Text in columns: the first two to the left, the figures to the right, the last one to the left again. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  const isText = (column: number) => rows.every((row) => !/^[\d.,-]+x?$/.test(row[column] ?? ""));
  const left = header.map((_, column) => isText(column));
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          left[column] === true ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** A figure with as many digits as say something. */
export function shown(value: number | undefined): string {
  if (value === undefined) return "-";
  if (value >= 1000) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

export function shownRatio(value: number | undefined): string {
  return value === undefined ? "-" : `${value.toFixed(2)}x`;
}
