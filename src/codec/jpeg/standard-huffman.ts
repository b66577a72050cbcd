// Adds the typical Huffman tables of T.81 annex K.3 to JPEGs without tables, which many cameras make.
//
// These cameras use the tables of annex K.3 without writing them, because "OpenDML AVI File Format Extensions" 1.02 defines MJPEG
// in this way. Some programs for still pictures do not know this rule.

import { CodecError } from "../../core/errors.ts";
import { headerSegments, type JpegHeader } from "./header.ts";

const DHT = 0xc4;

/**
 * Tables K.3 to K.6. Each has its class and destination as in DHT, the number of codes of each length, and the values in
 * hexadecimal.
 */
const TABLES: readonly (readonly [destination: number, counts: string, values: string])[] = [
  [0x00, "00010501010101010100000000000000", "000102030405060708090a0b"],
  [
    0x10,
    "0002010303020403050504040000017d",
    "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a" +
      "434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8" +
      "a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
  ],
  [0x01, "00030101010101010101010000000000", "000102030405060708090a0b"],
  [
    0x11,
    "00020102040403040705040400010277",
    "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738" +
      "393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5" +
      "a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
  ],
];

/** The DHT segment of each table, by class and destination (T.81 B.2.4.2). */
const SEGMENTS = new Map(
  TABLES.map(([destination, counts, values]) => {
    const table = Uint8Array.fromHex(counts + values);
    const length = 2 + 1 + table.length;
    return [destination, Uint8Array.of(0xff, DHT, length >> 8, length & 255, destination, ...table)] as const;
  }),
);

/**
 * Returns the DHT segments to insert before the first scan of a JPEG. They contain the tables of annex K that the scan uses and
 * the header does not define. Only sequential JPEGs have standard tables.
 */
export function missingHuffmanTables(jpeg: Uint8Array, { isSequential, scanAt }: JpegHeader): Uint8Array[] {
  if (!isSequential) return [];
  const defined = definedTables(jpeg);
  if (wantedTables(jpeg, scanAt).every((destination) => defined.has(destination))) return [];
  return [...SEGMENTS].filter(([destination]) => !defined.has(destination)).map(([, segment]) => segment);
}

/** Returns a copy of the JPEG with the missing tables, or the same bytes if no table is missing. */
export function withHuffmanTables(jpeg: Uint8Array, header: JpegHeader): Uint8Array {
  const missing = missingHuffmanTables(jpeg, header);
  if (missing.length === 0) return jpeg;
  const whole = new Uint8Array(missing.reduce((bytes, { length }) => bytes + length, jpeg.length));
  whole.set(jpeg.subarray(0, header.scanAt));
  let at = header.scanAt;
  for (const segment of missing) {
    whole.set(segment, at);
    at += segment.length;
  }
  whole.set(jpeg.subarray(header.scanAt), at);
  return whole;
}

/** Returns the class and destination of each table that the header defines. One segment may contain several tables. */
function definedTables(jpeg: Uint8Array): Set<number> {
  const defined = new Set<number>();
  for (const { marker, at, end } of headerSegments(jpeg)) {
    if (marker !== DHT) continue;
    for (let table = at + 4; table + 17 <= Math.min(end, jpeg.length);) {
      defined.add(jpeg[table] as number);
      table += 17 + jpeg.subarray(table + 1, table + 17).reduce((sum, count) => sum + count, 0);
    }
  }
  return defined;
}

/** Returns the tables that the scan's components use (T.81 B.2.3). Throws CodecError if the scan's header is too short. */
function wantedTables(jpeg: Uint8Array, scanAt: number): number[] {
  const count = jpeg[scanAt + 4] as number;
  if (((jpeg[scanAt + 2] as number) << 8) + (jpeg[scanAt + 3] as number) < 6 + 2 * count) {
    throw new CodecError(`broken JPEG: the header of a scan with ${count} components is too short`);
  }
  return Array.from({ length: count }, (_, component) => {
    const tables = jpeg[scanAt + 6 + 2 * component] as number;
    return [tables >> 4, 0x10 | (tables & 15)];
  }).flat();
}
