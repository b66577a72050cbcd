// The figures of a server in the text format of Prometheus. The names and units follow its conventions
// (https://prometheus.io/docs/practices/naming/).

import { Counter, Gauge, type MetricType, Registry } from "prom-client";
import { VERSION } from "../../core/version.ts";
import type { LimitName } from "../access/limits.ts";
import { openFiles } from "../access/open-files.ts";
import type { CameraReport } from "../cameras/camera-report.ts";
import { type CameraCondition, isWell } from "../deliver/camera-condition.ts";
import type { DoorName } from "../deliver/audience-member.ts";
import { BUCKET_BOUNDS, type DurationsInBuckets } from "./durations-in-buckets.ts";
import { type CameraStages, type DoorStages, VIEWER_STAGES, type ViewerStage } from "./stages.ts";

/** The figures of one camera. */
export interface CameraMetrics {
  report: CameraReport;
  condition: CameraCondition;
  stages: CameraStages;
  viewersByDoor: Readonly<Record<DoorName, number>>;
}

export interface ServerMetrics {
  cameras: readonly CameraMetrics[];
  refusedBy: Readonly<Record<LimitName, number>>;
  /** The number of pictures that had to wait because of `--max-total-bitrate`. */
  heldBack: number;
  loopDelays: DurationsInBuckets;
  /** The end of the server's certificate. Null without TLS. */
  certificateExpires: Date | null;
}

export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

const STAGE_METRICS: Readonly<Record<ViewerStage, { name: string; help: string }>> = {
  send: { name: "slipstream_frame_send_seconds", help: "Time from encoded to sent" },
  transfer: {
    name: "slipstream_frame_transfer_seconds",
    help: "Time from sent to received: half the round trip, and the transfer that the viewer reports",
  },
  decode: {
    name: "slipstream_frame_decode_seconds",
    help: "Time from received to decoded, with waiting, as the viewer reports it",
  },
  show: {
    name: "slipstream_frame_show_seconds",
    help: "Time from decoded to shown, with waiting, as the viewer reports it",
  },
  decodeAndShow: {
    name: "slipstream_frame_decode_and_show_seconds",
    help: "Time from received to shown, of viewers of older versions, which do not report the two stages separately",
  },
  age: {
    name: "slipstream_frame_age_seconds",
    help: "Age of a frame when the viewer has shown it: the time since its capture",
  },
};

/** Returns the metrics as text. */
export async function renderMetrics(server: ServerMetrics): Promise<string> {
  const registry = new Registry();
  addServer(registry, server);
  addProcess(registry);
  addCameras(registry, server.cameras);
  addViewers(registry, server.cameras);
  return await registry.metrics();
}

type Labels = Record<string, string>;
type Samples<Value> = Iterable<readonly [labels: Labels, value: Value]>;

function addServer(registry: Registry, server: ServerMetrics): void {
  const { refusedBy, heldBack, loopDelays, certificateExpires } = server;
  gauge(registry, "slipstream_build_info", "The version of the server. The value is always 1", [
    [{ version: VERSION }, 1],
  ]);
  const refused = Object.entries(refusedBy).map(([reason, count]) => [{ reason }, count] as const);
  counter(registry, "slipstream_refused_total", "Connections and requests that were refused or ended", refused);
  counter(registry, "slipstream_frames_held_back_total", "Frames that had to wait because of --max-total-bitrate", [
    [{}, heldBack],
  ]);
  histogram(
    registry,
    "slipstream_event_loop_delay_seconds",
    "Delay of a timer of the server's main thread, which runs ten times a second",
    [[{}, loopDelays]],
  );
  gauge(
    registry,
    "slipstream_certificate_expiry_time_seconds",
    "End of the server's certificate, since the Unix epoch. Missing without TLS",
    certificateExpires === null ? [] : [[{}, certificateExpires.getTime() / 1000]],
  );
}

/**
 * The metrics of a process that Prometheus' own clients have. `collectDefaultMetrics` of prom-client is not used, because most of
 * its metrics are about Node.js, and Bun has no values for them (handles, heap spaces).
 */
function addProcess(registry: Registry): void {
  const { user, system } = process.cpuUsage();
  counter(registry, "process_cpu_seconds_total", "User and system processor time", [[{}, (user + system) / 1e6]]);
  gauge(registry, "process_resident_memory_bytes", "Resident memory", [[{}, process.memoryUsage.rss()]]);
  gauge(registry, "process_start_time_seconds", "Start of the process, since the Unix epoch", [
    [{}, performance.timeOrigin / 1000],
  ]);
  const open = openFiles();
  gauge(registry, "process_open_fds", "Open files and connections", open === null ? [] : [[{}, open]]);
}

function addCameras(registry: Registry, cameras: readonly CameraMetrics[]): void {
  const each = <Value>(read: (camera: CameraMetrics) => Value) =>
    cameras.map((camera) => [{ camera: camera.report.name }, read(camera)] as const);
  const measure = (name: string, help: string, read: (camera: CameraMetrics) => number) =>
    gauge(registry, name, help, each(read));
  const count = (name: string, help: string, read: (camera: CameraMetrics) => number) =>
    counter(registry, name, help, each(read));
  measure(
    "slipstream_camera_up",
    "1 while a viewer that comes gets pictures of the camera, and 0 while it does not",
    ({ condition }) => (isWell(condition) ? 1 : 0),
  );
  measure(
    "slipstream_camera_change_time_seconds",
    "The time when the camera began, trouble began or ended, or the camera ended, since the Unix epoch",
    ({ condition }) => condition.since / 1e6,
  );
  count("slipstream_frames_captured_total", "Captured frames", ({ report }) => report.frames);
  count(
    "slipstream_frames_encoded_total",
    "Frames that were encoded, or passed on as JPEGs of the camera. None are encoded while nobody watches",
    ({ report }) => report.encoded,
  );
  const drops = cameras.flatMap(({ report: { name, droppedBy } }) =>
    Object.entries(droppedBy).map(([reason, count]) => [{ camera: name, reason }, count] as const),
  );
  counter(
    registry,
    "slipstream_frames_dropped_total",
    "Captured frames that were dropped although a viewer watched",
    drops,
  );
  count(
    "slipstream_frames_skipped_total",
    "Frames that were not sent to a viewer, because too many were on their way to it, over all viewers",
    ({ report }) => report.skipped,
  );
  measure("slipstream_past_seconds", "Time that is kept in memory (--past)", ({ report }) => report.past?.seconds ?? 0);
  measure("slipstream_past_bytes", "Memory for the time that is kept", ({ report }) => report.past?.bytes ?? 0);
  count(
    "slipstream_motion_events_total",
    "Events of motion that have begun",
    ({ report }) => report.motion?.events ?? 0,
  );
  count(
    "slipstream_motion_messages_lost_total",
    "Messages about motion that did not reach on-event or the webhook",
    ({ report }) => report.motion?.lost ?? 0,
  );
  measure("slipstream_motion_active", "1 while an event of motion goes on", ({ report }) =>
    report.motion?.moving === true ? 1 : 0,
  );
  histogram(
    registry,
    "slipstream_frame_encode_seconds",
    "Time from captured to encoded, with waiting. For a JPEG of the camera that is passed on, its header is read in this time",
    each(({ stages }) => stages.encode),
  );
  histogram(
    registry,
    "slipstream_frame_codec_seconds",
    "Processor time of the codec for a frame, over all threads",
    each(({ stages }) => stages.codec),
  );
}

function addViewers(registry: Registry, cameras: readonly CameraMetrics[]): void {
  const eachDoor = <Value>(read: (stages: DoorStages) => Value) =>
    cameras.flatMap(({ report: { name }, stages }) =>
      [...stages.doors].map(([door, ofDoor]) => [{ camera: name, door }, read(ofDoor)] as const),
    );
  const viewers = cameras.flatMap(({ report: { name }, viewersByDoor }) =>
    Object.entries(viewersByDoor).map(([door, count]) => [{ camera: name, door }, count] as const),
  );
  gauge(registry, "slipstream_viewers", "Connected viewers by the door by which they came", viewers);
  counter(
    registry,
    "slipstream_frames_sent_total",
    "Frames that were sent, over all viewers",
    eachDoor(({ sentFrames }) => sentFrames),
  );
  counter(
    registry,
    "slipstream_sent_bytes_total",
    "Bytes of the frames that were sent, over all viewers",
    eachDoor(({ sentBytes }) => sentBytes),
  );
  counter(
    registry,
    "slipstream_frames_dropped_by_viewers_total",
    "Frames that a viewer has received and not shown, because a newer one came or decoding failed",
    eachDoor(({ droppedFrames }) => droppedFrames),
  );
  for (const stage of VIEWER_STAGES) {
    const { name, help } = STAGE_METRICS[stage];
    histogram(
      registry,
      name,
      help,
      eachDoor(({ stages }) => stages[stage]),
    );
  }
}

function counter(registry: Registry, name: string, help: string, samples: Samples<number>): void {
  const all = [...samples];
  const metric = new Counter({ name, help, labelNames: labelNamesOf(all), registers: [registry] });
  if (all.length === 0) metric.remove();
  for (const [labels, value] of all) metric.inc(labels, value);
}

function gauge(registry: Registry, name: string, help: string, samples: Samples<number>): void {
  const all = [...samples];
  const metric = new Gauge({ name, help, labelNames: labelNamesOf(all), registers: [registry] });
  if (all.length === 0) metric.remove();
  for (const [labels, value] of all) metric.set(labels, value);
}

function histogram(registry: Registry, name: string, help: string, samples: Samples<DurationsInBuckets>): void {
  registry.registerMetric(new FilledHistogram(name, help, [...samples]));
}

/** Returns the names of the labels. prom-client gives a metric without labels the value 0, which the callers remove. */
function labelNamesOf(samples: readonly (readonly [labels: Labels, value: unknown])[]): string[] {
  return Object.keys(samples[0]?.[0] ?? {});
}

/** A histogram whose durations were counted elsewhere. The one of prom-client counts by itself, in about 1 µs for each value. */
class FilledHistogram extends Gauge {
  readonly #name: string;
  readonly #help: string;
  readonly #samples: readonly (readonly [labels: Labels, value: DurationsInBuckets])[];

  constructor(name: string, help: string, samples: readonly (readonly [labels: Labels, value: DurationsInBuckets])[]) {
    super({ name, help, registers: [] });
    this.#name = name;
    this.#help = help;
    this.#samples = samples;
  }

  override get(): ReturnType<Gauge["get"]> {
    const name = this.#name;
    const values = this.#samples.flatMap(([labels, durations]) => {
      const counts = durations.cumulative();
      const buckets = counts.map((value, index) => ({
        metricName: `${name}_bucket`,
        labels: { ...labels, le: String(BUCKET_BOUNDS[index] ?? "+Inf") },
        value,
      }));
      return [
        ...buckets,
        { metricName: `${name}_sum`, labels, value: durations.sum },
        { metricName: `${name}_count`, labels, value: counts.at(-1) ?? 0 },
      ];
    });
    // The declarations of prom-client number the types, and its code names them.
    const type = "histogram" as unknown as MetricType;
    return Promise.resolve({ name, help: this.#help, type, aggregator: "sum", collect: () => undefined, values });
  }
}
