// Clients of plain HTTP in one process: many that only read a multipart stream, or one that asks for snapshots. They print one line of
// JSON at their end.
//
// Usage: bun bench/plain-client.ts drain PORT COUNT SECONDS
//        bun bench/plain-client.ts snapshot PORT PER-SECOND SECONDS

import type { Socket } from "bun";

export interface DrainedReport {
  /** The pictures a second of each client. */
  fps: number[];
}

export interface SnapshotReport {
  milliseconds: number[];
  seconds: number;
  /** The ages of the pictures, in milliseconds. */
  ages: number[];
}

/** The time before the measurement of many clients. */
const RAMP_UP_MS = 3_000;
const CONNECTING_AT_ONCE = 32;

/** Counts the parts of a stream by their lengths, without looking at the pictures. */
class PartCounter {
  parts = 0;
  #skip = 0;
  #head = "";

  take(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at);
        at += skipped;
        this.#skip -= skipped;
        if (this.#skip === 0) this.parts++;
        continue;
      }
      const end = Math.min(chunk.length, at + 512); // the headers of a part are shorter
      const before = this.#head.length;
      this.#head += Buffer.from(chunk.buffer, chunk.byteOffset + at, end - at).toString("latin1");
      const match = /Content-Length: (\d+)\r\n(?:.+\r\n)*\r\n/.exec(this.#head);
      if (match === null) {
        at = end;
        continue;
      }
      at += match.index + match[0].length - before;
      this.#skip = Number(match[1]);
      this.#head = "";
    }
  }
}

async function drain(port: number, count: number, seconds: number): Promise<DrainedReport> {
  const counters = Array.from({ length: count }, () => new PartCounter());
  const connect = (counter: PartCounter) =>
    Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        open: (socket: Socket) => void socket.write("GET /stream HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"),
        data: (_, chunk) => counter.take(chunk),
      },
    });
  for (let first = 0; first < count; first += CONNECTING_AT_ONCE) {
    await Promise.all(counters.slice(first, first + CONNECTING_AT_ONCE).map(connect));
  }
  await Bun.sleep(RAMP_UP_MS);
  console.error("measuring");
  const before = counters.map(({ parts }) => parts);
  const startedAt = performance.now();
  await Bun.sleep(seconds * 1000);
  const passed = (performance.now() - startedAt) / 1000;
  return { fps: counters.map(({ parts }, index) => (parts - (before[index] ?? 0)) / passed) };
}

async function snapshot(port: number, perSecond: number, seconds: number): Promise<SnapshotReport> {
  const milliseconds: number[] = [];
  const ages: number[] = [];
  const asked: Promise<void>[] = [];
  const ask = async () => {
    const startedAt = performance.now();
    const answer = await fetch(`http://127.0.0.1:${port}/snapshot`);
    await answer.arrayBuffer();
    milliseconds.push(performance.now() - startedAt);
    ages.push(Number(answer.headers.get("x-slipstream-age-ms")));
  };
  await ask(); // the first one makes the server encode
  milliseconds.length = 0;
  const startedAt = performance.now();
  for (let index = 0; index < perSecond * seconds; index++) {
    const early = startedAt + (index * 1000) / perSecond - performance.now();
    if (early > 1) await Bun.sleep(early);
    asked.push(ask());
  }
  await Promise.all(asked);
  return { milliseconds, ages, seconds: (performance.now() - startedAt) / 1000 };
}

const MODES = { drain, snapshot };

if (import.meta.main) {
  const [mode = "", ...numbers] = process.argv.slice(2);
  const [port = 0, count = 0, seconds = 0] = numbers.map(Number);
  const report = await MODES[mode as keyof typeof MODES](port, count, seconds);
  console.log(JSON.stringify(report));
  process.exit(0);
}
