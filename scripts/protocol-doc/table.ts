// A Markdown table with padded columns, as `bun fmt` leaves it.

/** `rows` are the rows of cells. The first row is the header. */
export function tableAsMarkdown(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? "").length)));
  const lineOf = (row: readonly string[]) =>
    `| ${widths.map((width, at) => (row[at] ?? "").padEnd(width)).join(" | ")} |`;
  return [head, widths.map((width) => "-".repeat(width)), ...rows.slice(1)].map(lineOf).join("\n");
}
