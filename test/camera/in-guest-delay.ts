// Runs in the guest: the time that JPEGs of a UVC camera take through the server, compared with `ffmpeg -c copy` of the same camera.

import { expect, test } from "bun:test";
import { nowMicros } from "../../src/core/clock.ts";
import { monotonicMicros } from "../../src/system/monotonic-clock.ts";
import { startServer } from "../support/programs.ts";
import { medianOf, receivePictures } from "./lab.ts";
import { watchPackets } from "./packets.ts";

const TURNS = 6;
/** The frames that one turn measures. */
const FRAMES = 150;
/** The first frames of a turn are not measured, because ffmpeg and the server still settle. */
const SETTLING_FRAMES = 50;

test("passthrough: is not slower than ffmpeg -c copy, from the capture stamp to the last byte", async () => {
  // The two take turns, and the best turn of each counts, because other work on the machine slows both down.
  const flags = ["--source", "0", "--size", "1280x720", "--fps", "30", "--idle-release", "1"];
  await using server = await startServer(flags);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let turn = 1; turn <= TURNS; turn++) {
    const pictures = await passedOnPictures(server.port);
    await server.until("the release", ({ remarks }) => remarks.split(" is released").length === turn + 1);
    const copies = await ffmpegCopies();
    ours.push(medianOf(pictures.map(({ sentMs }) => sentMs)));
    theirs.push(medianOf(copies.map(({ sentMs }) => sentMs)));
    const read = [pictures, copies].map((each) => medianOf(each.map(({ readMs }) => readMs)).toFixed(1));
    console.log(
      `720p30, capture stamp to sent, p50: ours ${ours.at(-1)?.toFixed(2)} ms, ffmpeg -c copy ${theirs.at(-1)?.toFixed(2)} ms` +
        `; to a reader: ${read.join(", ")}`,
    );
  }
  console.log(`medians of the turns: ${medianOf(ours).toFixed(2)}, ${medianOf(theirs).toFixed(2)} ms`);
  expect(Math.min(...ours)).toBeLessThanOrEqual(Math.min(...theirs));
});

/** Times since the capture stamp of a frame, in milliseconds. */
interface Delay {
  /** The last byte was in the kernel. */
  sentMs: number;
  /** A reader in the same guest had the last byte. */
  readMs: number;
}

async function passedOnPictures(port: number): Promise<Delay[]> {
  const { result, stream } = await watchPackets(`tcp src port ${port}`, () =>
    receivePictures(port, 120, { hashed: false, count: FRAMES }),
  );
  const monotonicMinusOwnMs = (monotonicMicros() - nowMicros()) / 1000;
  return result.slice(SETTLING_FRAMES).map(({ capturedAt, receivedAt, endsAtByte }) => ({
    sentMs: known(stream.sentMs(endsAtByte)) - capturedAt / 1000 - monotonicMinusOwnMs,
    readMs: (receivedAt - capturedAt) / 1000,
  }));
}

function known(atMs: number | null): number {
  if (atMs === null) throw new Error("tcpdump has not seen a frame's last packet");
  return atMs;
}

/** Measures frames that ffmpeg copies to a reader over TCP. A second output, which is text, has the stamps of the kernel. */
async function ffmpegCopies(): Promise<Delay[]> {
  // The reader only counts bytes, so it takes hardly any time. The second output has the size of each frame.
  const arrivals: { bytes: number; atMs: number }[] = [];
  let bytes = 0;
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(_, chunk) {
        bytes += chunk.length;
        arrivals.push({ bytes, atMs: monotonicMicros() / 1000 });
      },
    },
  });
  const input = ["-f", "v4l2", "-input_format", "mjpeg", "-video_size", "1280x720", "-framerate", "30"];
  const now = ["-fflags", "nobuffer", "-probesize", "32", "-analyzeduration", "0"];
  const copied = ["-frames:v", String(FRAMES), "-c", "copy", "-copyts", "-flush_packets", "1"];
  const address = `tcp://127.0.0.1:${listener.port}?tcp_nodelay=1`;
  const outputs = [...copied, "-f", "mjpeg", address, ...copied, "-f", "framecrc", "-"];
  const command = ["ffmpeg", "-nostdin", "-v", "error", ...now, ...input, "-copyts", "-i", "/dev/video0", ...outputs];
  const { result: lines, stream } = await watchPackets(`tcp dst port ${listener.port}`, async () => {
    const child = Bun.spawn(command, { stdout: "pipe", stderr: "ignore" });
    const text = await new Response(child.stdout).text();
    await child.exited;
    return text.split("\n");
  });
  listener.stop(true);
  const timeBase = lines.map((line) => /^#tb 0: (\d+)\/(\d+)$/.exec(line)).find((match) => match !== null);
  const delays: Delay[] = [];
  let end = 0;
  for (const line of lines.filter((each) => each.startsWith("0,"))) {
    const [, , stamp, , size] = line.split(",").map(Number); // stream, dts, pts, duration, size, checksum
    end += size as number;
    const arrival = arrivals.find((each) => each.bytes >= end);
    if (arrival === undefined) throw new Error(`ffmpeg sent ${bytes} bytes of ${end}`);
    const stampMs = ((stamp as number) * 1000 * Number(timeBase?.[1])) / Number(timeBase?.[2]);
    delays.push({ sentMs: known(stream.sentMs(end)) - stampMs, readMs: arrival.atMs - stampMs });
  }
  return delays.slice(SETTLING_FRAMES);
}
