// Formats a viewer's report as text: the lines of the overlay, and one line for a terminal.

import type { LatencyMs } from "../core/statistics.ts";
import type { ViewReport } from "./figures.ts";

/**
 * The latencies that the overlay shows in addition to the report: the latency of the newest picture (null if unknown), and those
 * of the last seconds.
 */
export interface LatencyNow {
  latencyNowMs: number | null;
  recentLatencyMs: LatencyMs;
}

/** Returns the lines of the overlay. */
export function overlayLines(
  report: ViewReport,
  { latencyNowMs, recentLatencyMs: { p50, p99 } }: LatencyNow,
): string[] {
  const drops = Object.entries(report.droppedBy)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${count} ${reason}`);
  return [
    [report.source, describeSize(report), report.quality > 0 ? `q${report.quality}` : "", report.codec]
      .filter((part) => part !== "")
      .join(" "),
    `${report.fps.toFixed(1)} fps  ${(report.bytesPerSecond / 1e6).toFixed(2)} MB/s`,
    latencyNowMs === null
      ? "latency unknown"
      : `latency ${latencyNowMs.toFixed(1)} ms  p50 ${p50.toFixed(1)}  p99 ${p99.toFixed(1)}`,
    `dropped ${drops.length === 0 ? "none" : drops.join(", ")}`,
  ];
}

/** Returns the most important figures in one line for a terminal. */
export function describeViewing(report: ViewReport): string {
  if (!report.connected) return `waiting for ${report.server}`;
  if (report.frames === 0) return `${report.server}: no picture yet`;
  if (report.trouble !== null) {
    return `${report.source}: ${report.trouble} - for ${Math.floor(report.troubleSeconds)} s`;
  }
  const { p50, p99, max } = report.latencyMs;
  const latency = max === 0 ? "" : ` · latency ${p50} ms (p99 ${p99})`;
  const megabits = ((report.bytesPerSecond * 8) / 1e6).toFixed(1);
  return `${report.source} ${describeSize(report)} · ${report.fps} fps${latency} · ${megabits} Mbit/s · ${report.dropped} dropped`;
}

/** Returns the size of the pictures, and the size of the source if it is different. */
function describeSize({ width, height, sourceWidth, sourceHeight }: ViewReport): string {
  const isReduced = sourceWidth > 0 && (sourceWidth !== width || sourceHeight !== height);
  return isReduced ? `${width}×${height} of ${sourceWidth}×${sourceHeight}` : `${width}×${height}`;
}
