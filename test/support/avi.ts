// Writes AVI files with cut packets, empty packets, or packets with two fields.

export interface AviOptions {
  width: number;
  height: number;
  framesPerSecond: number;
}

/** Returns an AVI with Motion JPEG (Microsoft's AVI RIFF file reference). An empty packet means that the last picture stays. */
export function avi(packets: readonly Uint8Array[], { width, height, framesPerSecond }: AviOptions): Uint8Array {
  const list = (kind: string, ...parts: Uint8Array[]) => chunk("LIST", text(kind), ...parts);
  const largest = Math.max(...packets.map(({ length }) => length));
  const main = numbers(1e6 / framesPerSecond, 0, 0, 0x10, packets.length, 0, 1, largest, width, height, 0, 0, 0, 0);
  const stream = Buffer.concat([
    text("vidsMJPG"),
    numbers(0, 0, 0, 1, framesPerSecond, 0, packets.length, largest, 0xffffffff, 0, 0, (height << 16) | width),
  ]);
  const format = Buffer.concat([
    numbers(40, width, height, (24 << 16) | 1),
    text("MJPG"),
    numbers(width * height * 3, 0, 0, 0, 0),
  ]);
  const header = list("hdrl", chunk("avih", main), list("strl", chunk("strh", stream), chunk("strf", format)));
  const chunks = packets.map((packet) => chunk("00dc", packet));
  let at = 4;
  const index = chunks.map((bytes, number) => {
    const entry = Buffer.concat([text("00dc"), numbers(0x10, at, packets[number]?.length ?? 0)]);
    at += bytes.length;
    return entry;
  });
  return chunk("RIFF", text("AVI "), header, list("movi", ...chunks), chunk("idx1", ...index));
}

function chunk(kind: string, ...parts: Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const padding = Buffer.alloc(content.length % 2);
  return Buffer.concat([text(kind), numbers(content.length), content, padding]);
}

function text(letters: string): Uint8Array {
  return Buffer.from(letters, "latin1");
}

function numbers(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}
