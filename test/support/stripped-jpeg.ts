// JPEGs without Huffman tables, as many cameras write them, made by removing the DHT segments from files of cjpeg or ffmpeg.

/** Returns the JPEG without the DHT segments before its scan, except for the tables in `keeps` (class and destination, as in DHT). */
export function withoutTables(jpeg: Uint8Array, keeps: readonly number[] = []): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(jpeg);
  const parts: Uint8Array[] = [bytes.subarray(0, 2)];
  let at = 2;
  while (bytes[at + 1] !== 0xda) {
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (bytes[at + 1] !== 0xc4) parts.push(bytes.subarray(at, end));
    else parts.push(...tablesIn(bytes.subarray(at + 4, end)).filter((table) => keeps.includes(table[4] as number)));
    at = end;
  }
  parts.push(bytes.subarray(at));
  return new Uint8Array(Buffer.concat(parts));
}

/** Returns the tables of a DHT segment, each in a segment of its own. */
function tablesIn(payload: Buffer): Buffer[] {
  const tables: Buffer[] = [];
  for (let at = 0; at < payload.length;) {
    const count = payload.subarray(at + 1, at + 17).reduce((sum, codes) => sum + codes, 0);
    const table = payload.subarray(at, at + 17 + count);
    const head = Buffer.from([0xff, 0xc4, 0, 0]);
    head.writeUInt16BE(2 + table.length, 2);
    tables.push(Buffer.concat([head, table]));
    at += table.length;
  }
  return tables;
}
