// docs/protocol.md: it is printed from the current code, and both ends understand its worked exchange.

import { describe, expect, test } from "bun:test";
import { EXCHANGE, JPEG_HEADER } from "../../scripts/protocol-doc/exchange.ts";
import { readSpecification } from "../../scripts/protocol-doc/specification.ts";
import { PAGE, withGeneratedParts } from "../../scripts/protocol-doc.ts";
import { Connection } from "../../src/connect/connection.ts";
import { stitchTiles } from "../../src/codec/jpeg/stitch.ts";
import { GoodbyeReason, HEADER_BYTES, MessageType } from "../../src/protocol/wire.ts";
import { FakeViewer } from "../support/fake-viewer.ts";
import { djpeg } from "../support/jpeg-tools.ts";
import { picture } from "../support/picture-camera.ts";
import { toRgbaBytes } from "../support/samples.ts";
import { tilesOf } from "../support/tile-lists.ts";

const specification = readSpecification(await Bun.file(new URL("../../src/protocol/wire.ts", import.meta.url)).text());

describe("docs/protocol.md and its source", () => {
  test("protocol.md: equals the output of scripts/protocol-doc.ts", async () => {
    const page = await Bun.file(PAGE).text();
    expect(await withGeneratedParts(page)).toBe(page); // if this fails, run 'bun run docs'
  });

  test("wire.ts: the comment describes each message type under its number, and no other", () => {
    const described = specification.messages.map(({ name, type }) => [name.toLowerCase(), type]);
    expect(described).toEqual(Object.entries(MessageType).map(([name, type]) => [name.toLowerCase(), type]));
  });

  test("wire.ts: the comment names each reason of a Goodbye", () => {
    const { text } = specification.messages.find(({ name }) => name === "Goodbye") ?? { text: "" };
    const numbers = [...text.matchAll(/(\d+) [a-z]/g)].map(([, number]) => Number(number));
    expect(numbers).toEqual(Object.values(GoodbyeReason));
  });

  test("exchange: the fields have the sizes that the comment of wire.ts gives", () => {
    const sizes: Record<string, number> = { u8: 1, u16: 2, u32: 4, u64: 8 };
    for (const { message, fields } of EXCHANGE) {
      const type = message[HEADER_BYTES - 1];
      const all = specification.messages.find((each) => each.type === type)?.fields ?? [];
      const fixed = all.slice(0, all.includes("varint number of tiles") ? 5 : undefined);
      for (const [index, field] of fixed.entries()) {
        if (field.startsWith("for each")) break;
        const size = sizes[field.split(" ")[0] ?? ""];
        if (size !== undefined) expect([field, fields[index]?.[0]]).toEqual([field, size]);
      }
    }
  });
});

describe("the worked exchange in docs/protocol.md", () => {
  test("exchange: the server accepts the viewer's messages", () => {
    const far = new FakeViewer();
    for (const { from, message } of EXCHANGE) {
      if (from === "viewer") far.viewer.receive(message);
      else if (message[4] === MessageType.tiles) far.offer(picture(message[HEADER_BYTES] as number));
    }
    expect(far.heard.map(({ type }) => type)).toEqual(
      // Pictures take the place of Tiles, because the fixture contains whole pictures
      ["welcome", "cameras", "ping", "pong", "stream", "picture", "picture"],
    );
    expect(far.viewer.settled).toBe(true);
  });

  test("exchange: the viewer understands the server's messages, and djpeg decodes the pictures", async () => {
    const tiles: Uint8Array[] = [];
    const frames: Uint8Array[] = [];
    const calls: string[] = [];
    const ignore = () => undefined;
    const connection = new Connection(
      { write: (bytes) => bytes.length, bufferedBytes: 0, end: ignore, abort: ignore },
      { host: "a-test", port: 1, camera: "door" },
      {
        onWelcome: ({ sourceName }) => calls.push(`welcome ${sourceName}`),
        onCameras: ([camera]) => calls.push(`camera ${camera?.name}`),
        onStream: ({ width, height, jpegHeader }) => calls.push(`stream ${width}x${height} ${jpegHeader.length}`),
        onTiles(part) {
          calls.push(`tiles ${part.frameNumber}`);
          for (const { number, bytes } of tilesOf(part.tiles)) tiles[number] = bytes;
          frames.push(stitchTiles(JPEG_HEADER, tiles));
        },
        onPicture: ignore,
        onNotice: ignore,
      },
    );
    for (const { from, message } of EXCHANGE) if (from === "server") connection.receive(message);
    expect(calls).toEqual([
      "welcome front door",
      "camera front door",
      `stream 32x16 ${JPEG_HEADER.length}`,
      "tiles 1",
      "tiles 3",
    ]);
    expect((await connection.ended).goodbye).toEqual({ reason: GoodbyeReason.end, text: "the source has ended" });
    const shown = frames.map((jpeg) => toRgbaBytes(djpeg(jpeg)));
    const pixelsAt = (column: number) => shown.map((rgba) => [...rgba.subarray(4 * column, 4 * column + 3)]);
    const [grey, white] = [
      [128, 128, 128],
      [254, 254, 254],
    ];
    expect(pixelsAt(8)).toEqual([grey, grey]);
    expect(pixelsAt(24)).toEqual([grey, white]);
  });
});
