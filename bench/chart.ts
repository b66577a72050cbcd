// Draws charts as SVG: panels with bars or with lines, one below the other.
//
// The code draws the charts itself because libraries that need no browser are large: echarts installs tens of megabytes, vega two
// dozen packages. Bars with labels take a page of code.

export interface BarPanel {
  kind: "bars";
  title: string;
  unit: string;
  /** Labels of the groups of bars, for example the cases of a bench. */
  groups: readonly string[];
  /** One value for each group. A value that is not finite is drawn as missing. */
  series: readonly { name: string; values: readonly number[] }[];
}

export interface LinePanel {
  kind: "lines";
  title: string;
  unit: string;
  /** The unit of the horizontal axis. */
  xUnit: string;
  series: readonly { name: string; points: readonly (readonly [x: number, y: number])[] }[];
}

export interface Chart {
  title: string;
  panels: readonly (BarPanel | LinePanel)[];
}

const WIDTH = 860;
const MARGIN = 24;
/** The space on the right of the bars for their values. */
const VALUE_WIDTH = 70;
const BAR_HEIGHT = 15;
const GROUP_GAP = 10;
const LINES_HEIGHT = 240;
/** The approximate width of a character in the font of 12 pixels. */
const CHARACTER_WIDTH = 6.5;
/** The colours of Okabe and Ito, which colour-blind people can tell apart. */
const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"];
const [INK, FAINT, GRID] = ["#222222", "#666666", "#dddddd"];

/** Renders the chart as a complete SVG document. */
export function renderChart({ title, panels }: Chart): string {
  const parts = [text(title, MARGIN, MARGIN + 14, { size: 18, weight: 600 })];
  let top = MARGIN + 34;
  for (const panel of panels) {
    const { svg, height } = panel.kind === "bars" ? renderBars(panel) : renderLines(panel);
    parts.push(`<g transform="translate(0 ${top})">`, svg, "</g>");
    top += height + MARGIN;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}"`,
    `  font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="12" fill="${INK}">`,
    // The chart has a background because otherwise a dark page would show through.
    `<rect width="${WIDTH}" height="${top}" fill="#ffffff"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

function renderBars({ title, unit, groups, series }: BarPanel): { svg: string; height: number } {
  const head = renderHead(title, series);
  const left = MARGIN + Math.min(320, Math.max(...groups.map((group) => group.length), 4) * CHARACTER_WIDTH) + 10;
  const right = WIDTH - MARGIN - VALUE_WIDTH;
  const scale = niceScale(0, Math.max(0, ...series.flatMap(({ values }) => values.filter(Number.isFinite))));
  const x = (value: number) => left + ((value - scale.from) / (scale.to - scale.from)) * (right - left);
  const groupHeight = series.length * BAR_HEIGHT + GROUP_GAP;
  const bottom = head.height + groups.length * groupHeight;
  const svg = [head.svg];
  for (const tick of scale.ticks) {
    svg.push(line(x(tick), head.height, x(tick), bottom, GRID));
    svg.push(text(formatValue(tick), x(tick), bottom + 15, { anchor: "middle", fill: FAINT }));
  }
  const tickWidth = formatValue(scale.to).length * CHARACTER_WIDTH;
  svg.push(text(unit, right + tickWidth / 2 + 6, bottom + 15, { fill: FAINT }));
  for (const [index, group] of groups.entries()) {
    const top = head.height + index * groupHeight + GROUP_GAP / 2;
    svg.push(text(group, left - 8, top + (series.length * BAR_HEIGHT) / 2 + 4, { anchor: "end" }));
    for (const [row, { values }] of series.entries()) {
      const value = values[index] ?? Number.NaN;
      const y = top + row * BAR_HEIGHT;
      const end = Number.isFinite(value) ? x(Math.max(0, value)) : left;
      const size = `width="${point(end - left)}" height="${BAR_HEIGHT - 2}"`;
      svg.push(`<rect x="${point(left)}" y="${point(y)}" ${size} fill="${colourOf(row)}"/>`);
      svg.push(text(Number.isFinite(value) ? formatValue(value) : "none", end + 5, y + 11, { size: 11 }));
    }
  }
  svg.push(line(left, head.height, left, bottom, INK));
  return { svg: svg.join("\n"), height: bottom + 20 };
}

function renderLines({ title, unit, xUnit, series }: LinePanel): { svg: string; height: number } {
  const head = renderHead(title, series);
  const points = series.flatMap((each) => each.points).filter((each) => each.every(Number.isFinite));
  const xs = points.map(([x]) => x);
  const [least, most] = [Math.min(...xs), Math.max(...xs)];
  const across = points.length === 0 ? niceScale(0, 1) : niceScale(least, most);
  const up = niceScale(0, Math.max(0, ...points.map(([, y]) => y)));
  const [left, right, top, bottom] = [MARGIN + 60, WIDTH - MARGIN - 10, head.height + 8, head.height + LINES_HEIGHT];
  const x = (value: number) => left + ((value - across.from) / (across.to - across.from)) * (right - left);
  const y = (value: number) => bottom - ((value - up.from) / (up.to - up.from)) * (bottom - top);
  const svg = [head.svg];
  for (const tick of up.ticks) {
    svg.push(line(left, y(tick), right, y(tick), GRID));
    const isLast = tick === up.ticks.at(-1);
    svg.push(
      text(`${formatValue(tick)}${isLast ? ` ${unit}` : ""}`, left - 6, y(tick) + 4, { anchor: "end", fill: FAINT }),
    );
  }
  for (const tick of across.ticks) {
    svg.push(line(x(tick), bottom, x(tick), bottom + 4, INK));
    svg.push(text(formatValue(tick), x(tick), bottom + 17, { anchor: "middle", fill: FAINT }));
  }
  svg.push(text(xUnit, (left + right) / 2, bottom + 34, { anchor: "middle", fill: FAINT }));
  svg.push(line(left, bottom, right, bottom, INK));
  for (const [index, each] of series.entries()) {
    const path = each.points
      .filter((at) => at.every(Number.isFinite))
      .map(([px, py]) => `${point(x(px))},${point(y(py))}`);
    svg.push(`<polyline points="${path.join(" ")}" fill="none" stroke="${colourOf(index)}" stroke-width="1.5"/>`);
  }
  return { svg: svg.join("\n"), height: bottom + 40 };
}

/** Renders the panel's title, and a legend below it if there are several series. */
function renderHead(title: string, series: readonly { name: string }[]): { svg: string; height: number } {
  const svg = [text(title, MARGIN, 14, { size: 14, weight: 600 })];
  if (series.length < 2) return { svg: svg.join("\n"), height: 24 };
  let left = MARGIN;
  for (const [index, { name }] of series.entries()) {
    svg.push(`<rect x="${point(left)}" y="26" width="11" height="11" fill="${colourOf(index)}"/>`);
    svg.push(text(name, left + 16, 36, {}));
    left += 16 + name.length * CHARACTER_WIDTH + 20;
  }
  return { svg: svg.join("\n"), height: 46 };
}

interface Scale {
  from: number;
  to: number;
  ticks: number[];
}

/** About six axis steps of 1, 2 or 5 times a power of ten, from below the smallest to above the largest value. */
function niceScale(least: number, most: number): Scale {
  const span = most - least > 0 ? most - least : 1;
  const rough = span / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.floor(least / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil((least + span) / step - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  return { from: first * step, to: last * step, ticks };
}

/** Formats with about three significant digits. */
function formatValue(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 || value === 0 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 4;
  return String(Number(value.toFixed(digits)));
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] as string;
}

interface TextStyle {
  size?: number;
  weight?: number;
  anchor?: "middle" | "end";
  fill?: string;
}

function text(content: string, x: number, y: number, { size, weight, anchor, fill }: TextStyle): string {
  const attributes = [
    ...(size === undefined ? [] : [`font-size="${size}"`]),
    ...(weight === undefined ? [] : [`font-weight="${weight}"`]),
    ...(anchor === undefined ? [] : [`text-anchor="${anchor}"`]),
    ...(fill === undefined ? [] : [`fill="${fill}"`]),
  ];
  return `<text ${[`x="${point(x)}"`, `y="${point(y)}"`, ...attributes].join(" ")}>${escapeXml(content)}</text>`;
}

function line(x1: number, y1: number, x2: number, y2: number, stroke: string): string {
  return `<line x1="${point(x1)}" y1="${point(y1)}" x2="${point(x2)}" y2="${point(y2)}" stroke="${stroke}"/>`;
}

/** Rounds a coordinate to a tenth of a pixel, which keeps the files small. */
function point(value: number): string {
  return String(Math.round(value * 10) / 10);
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escapeXml(content: string): string {
  return content.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
