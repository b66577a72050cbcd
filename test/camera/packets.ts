// Measures when the kernel sent the bytes of a TCP stream, by tcpdump on the loopback device.
//
// So two programs are measured in the same way, whatever reads their bytes. https://www.tcpdump.org/manpages/pcap-savefile.5.html

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monotonicMicros } from "../../src/system/monotonic-clock.ts";

/** A packet of the stream. */
interface Packet {
  /** The bytes of the stream up to the end of the packet. */
  end: number;
  /** The time on CLOCK_MONOTONIC, in milliseconds. */
  atMs: number;
}

export interface WatchedStream {
  /** The time at which the last of the first `bytes` was sent, or null if no packet shows it. */
  sentMs(bytes: number): number | null;
}

const PCAP_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const ETHERNET_HEADER_BYTES = 14;
const SYN = 0x02;
/** The kernel hands packets to tcpdump up to a second late (packet_mmap.rst, block timeouts). That disturbs the measurement less. */
const SETTLE_MS = 1_500;

/** Watches the packets of one connection while `run` runs. `filter` is a filter of tcpdump: "tcp src port 10050". */
export async function watchPackets<Result>(
  filter: string,
  run: () => Promise<Result>,
): Promise<{ result: Result; stream: WatchedStream }> {
  const folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  const file = join(folder, "packets.pcap");
  try {
    const command = ["tcpdump", "-i", "lo", "-s", "80", "-B", "8192", "-U", "-w", file, filter];
    const tcpdump = Bun.spawn(command, { stdout: "ignore", stderr: "pipe" });
    const stderr = tcpdump.stderr.getReader(); // it is not cancelled: tcpdump ends when its standard error is closed
    let output = "";
    while (!output.includes("listening on")) {
      const { done, value } = await stderr.read();
      if (done) throw new Error(`tcpdump: ${output}`);
      output += new TextDecoder().decode(value);
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

/** The offset between CLOCK_MONOTONIC and tcpdump's clock. It is measured at the start of a millisecond, and the best of several measurements counts. */
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
