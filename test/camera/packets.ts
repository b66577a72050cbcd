// When the bytes of a TCP stream were on their way, as the kernel saw them: tcpdump on the loopback device.
//
// So what two programs send is judged alike, whatever reads it. https://www.tcpdump.org/manpages/pcap-savefile.5.html

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monotonicMicros } from "../../src/capture/v4l2/libc.ts";

/** A packet of the stream. */
interface Packet {
  /** Bytes of the stream up to its end. */
  end: number;
  /** CLOCK_MONOTONIC, in milliseconds. */
  atMs: number;
}

export interface WatchedStream {
  /** When the last of so many bytes was on its way; null where that was not seen. */
  sentMs(bytes: number): number | null;
}

const PCAP_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const ETHERNET_HEADER_BYTES = 14;
const SYN = 0x02;
/** The kernel hands packets over a second late at most (packet_mmap.rst, block timeouts); at once would cost time that is measured. */
const SETTLE_MS = 1_500;

/** Watches packets of the filter ("tcp src port 10050") while `run` goes on: those of one connection, from its beginning. */
export async function watchPackets<Result>(
  filter: string,
  run: () => Promise<Result>,
): Promise<{ result: Result; stream: WatchedStream }> {
  const folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  const file = join(folder, "packets.pcap");
  try {
    const command = ["tcpdump", "-i", "lo", "-s", "80", "-B", "8192", "-U", "-w", file, filter];
    const tcpdump = Bun.spawn(command, { stdout: "ignore", stderr: "pipe" });
    const stderr = tcpdump.stderr.getReader(); // not cancelled: tcpdump ends when it can say no more
    let said = "";
    while (!said.includes("listening on")) {
      const { done, value } = await stderr.read();
      if (done) throw new Error(`tcpdump: ${said}`);
      said += new TextDecoder().decode(value);
    }
    const result = await run();
    await Bun.sleep(SETTLE_MS);
    tcpdump.kill("SIGINT");
    await tcpdump.exited;
    const packets = readPackets(readFileSync(file));
    return { result, stream: { sentMs: (bytes) => packets.find(({ end }) => end >= bytes)?.atMs ?? null } };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readPackets(bytes: Buffer): Packet[] {
  const packets: Packet[] = [];
  const monotonicMinusRealMs = clockDifferenceMs();
  let first: number | null = null;
  for (let at = PCAP_HEADER_BYTES; at < bytes.length;) {
    const capturedBytes = bytes.readUInt32LE(at + 8);
    const ip = at + RECORD_HEADER_BYTES + ETHERNET_HEADER_BYTES;
    const tcp = ip + 4 * ((bytes[ip] as number) & 15);
    const payload = tcp + 4 * ((bytes[tcp + 12] as number) >> 4);
    const sequence = bytes.readUInt32BE(tcp + 4);
    const payloadBytes = bytes.readUInt32LE(at + 12) - (payload - at - RECORD_HEADER_BYTES);
    if (((bytes[tcp + 13] as number) & SYN) !== 0) first = sequence + 1;
    if (payloadBytes > 0 && first !== null) {
      const atMs = bytes.readUInt32LE(at) * 1000 + bytes.readUInt32LE(at + 4) / 1000 + monotonicMinusRealMs;
      packets.push({ end: ((sequence - first) >>> 0) + payloadBytes, atMs });
    }
    at += RECORD_HEADER_BYTES + capturedBytes;
  }
  return packets;
}

/** Between tcpdump's clock and the one of the kernel's stamps; taken as a millisecond of the first begins, the best of some. */
function clockDifferenceMs(): number {
  const differences = Array.from({ length: 20 }, () => {
    const before = Date.now();
    let real = before;
    let monotonicMs = 0;
    while (real === before) {
      real = Date.now();
      monotonicMs = monotonicMicros() / 1000;
    }
    return monotonicMs - real;
  });
  return Math.min(...differences);
}
