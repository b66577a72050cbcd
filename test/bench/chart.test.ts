// Charts: an XML reader reads their texts and shapes, and librsvg draws them.

import { expect, test } from "bun:test";
import { type Chart, renderChart } from "../../bench/chart.ts";

const CHART: Chart = {
  title: "Ages & <sizes>",
  panels: [
    {
      kind: "bars",
      title: "Bars",
      unit: "ms",
      groups: ['a "quoted" group', "b"],
      series: [
        { name: "p50", values: [12.34, 1500] },
        { name: "p99", values: [0, Number.NaN] },
      ],
    },
    {
      kind: "lines",
      title: "Lines",
      unit: "kB",
      xUnit: "s",
      series: [
        {
          name: "one",
          points: [
            [-1, 0],
            [0, 10],
            [Number.NaN, 5],
            [3, 7.5],
          ],
        },
      ],
    },
  ],
};

/** Reads the texts and elements of an SVG with Bun's HTMLRewriter. */
async function read(svg: string) {
  const texts: string[] = [];
  const elements: Record<string, Record<string, string>[]> = {};
  const rewriter = new HTMLRewriter()
    .on("*", {
      element(element) {
        elements[element.tagName] ??= [];
        elements[element.tagName]?.push(Object.fromEntries(element.attributes));
      },
    })
    .on("text", {
      element: () => void texts.push(""),
      text: ({ text }) => void texts.push(`${texts.pop() ?? ""}${text}`),
    });
  await rewriter.transform(new Response(svg)).text();
  return { texts, elements };
}

test("renderChart: writes titles, groups, series, units and values, escaped", async () => {
  const { texts } = await read(renderChart(CHART));
  for (const expected of ["Bars", "Lines", "ms", "p50", "p99", "b", "12.3", "1500", "0", "none", "s", "10 kB"]) {
    expect(texts).toContain(expected);
  }
  expect(texts).toContain("Ages &amp; &lt;sizes&gt;");
  expect(texts).toContain("a &quot;quoted&quot; group");
});

test("renderChart: bars are proportional to their values and stay inside the picture", async () => {
  const { elements } = await read(renderChart(CHART));
  const [background, ...rects] = elements["rect"] ?? [];
  const bars = rects.filter(({ height }) => height === "13").map(({ width }) => Number(width));
  expect(bars).toHaveLength(4);
  expect((bars[2] ?? 0) / (bars[0] ?? 0)).toBeWithin(1500 / 12.34 - 3, 1500 / 12.34 + 3);
  expect([bars[1], bars[3]]).toEqual([0, 0]);
  for (const { x, width } of rects) {
    expect(Number(x) + Number(width)).toBeLessThanOrEqual(Number(background?.["width"]));
  }
  const points = (elements["polyline"]?.[0]?.["points"] ?? "").split(" ").map((each) => each.split(",").map(Number));
  expect(points).toHaveLength(3);
  expect(points.flat().every(Number.isFinite)).toBe(true);
});

test("renderChart: accepts panels without data", async () => {
  const svg = renderChart({
    title: "Nothing",
    panels: [
      { kind: "bars", title: "No bars", unit: "ms", groups: [], series: [] },
      { kind: "lines", title: "No lines", unit: "ms", xUnit: "s", series: [{ name: "none", points: [] }] },
    ],
  });
  expect(svg).not.toContain("NaN");
  expect(svg).not.toContain("Infinity");
});

const hasRsvg = Bun.which("rsvg-convert") !== null;

const reason = hasRsvg ? "" : " (skipped: no program rsvg-convert)";

test.skipIf(!hasRsvg)(`renderChart: librsvg draws the bars in the colours of their series${reason}`, async () => {
  const drawing = Bun.spawn(["rsvg-convert", "--format", "png"], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  drawing.stdin.write(renderChart(CHART));
  drawing.stdin.end();
  const png = await new Response(drawing.stdout).bytes();
  expect(await new Response(drawing.stderr).text()).toBe("");
  const { stdout } = Bun.spawnSync(
    ["ffmpeg", "-loglevel", "error", "-i", "pipe:0", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"],
    { stdin: png },
  );
  let blue = 0;
  for (let at = 0; at < stdout.length; at += 3) {
    if (stdout[at] === 0x00 && stdout[at + 1] === 0x72 && stdout[at + 2] === 0xb2) blue++;
  }
  expect(blue).toBeGreaterThan(5_000); // the bar of 1500 alone has about 600 × 13 pixels
});
