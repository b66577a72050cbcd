// A whole conversation between a viewer and a server, byte by byte: two frames of a picture of two tiles.

import { readJpegHeader } from "../../src/codec/jpeg/header.ts";
import { withHuffmanTables } from "../../src/codec/jpeg/standard-huffman.ts";
import { writeCameras } from "../../src/protocol/cameras.ts";
import { writeGoodbye, writeHello, writeWelcome } from "../../src/protocol/greeting.ts";
import { type Ack, writeAck, writePing, writePong, writeStream, writeTiles } from "../../src/protocol/messages.ts";
import { GoodbyeReason, HEADER_BYTES, MessageType, WIRE_VERSION } from "../../src/protocol/wire.ts";

export interface Step {
  from: "viewer" | "server";
  /** The purpose of the step. */
  why: string;
  message: Uint8Array;
  /** The fields of the body in their order, with their lengths in bytes. */
  fields: [bytes: number, meaning: string][];
}

const WIDTH = 32;
const HEIGHT = 16;
/** 2026-01-01 00:00:00 UTC, in microseconds since the Unix epoch. */
const START = 1_767_225_600_000_000;

/** SOI to SOS without Huffman tables, and the first byte of a scan. Every quantisation step is 16. */
const PLAIN_HEADER = Uint8Array.fromHex(
  [
    "ffd8",
    `ffdb004300${"10".repeat(64)}`, // DQT: table 0
    "ffc00011080010002003012200021100031100", // SOF0: 8 bits, 16 × 32, Y 2 × 2, Cb 1 × 1, Cr 1 × 1, all with table 0
    "ffdd00040001", // DRI: 1
    "ffda000c03010002110311003f00", // SOS: Y with Huffman tables 0, Cb and Cr with tables 1
    "00",
  ].join(""),
);

/**
 * SOI to SOS of a JPEG of 32 × 16 pixels, 4:2:0, with a restart interval of one MCU: two tiles of 16 × 16. The Huffman tables are
 * those of T.81 annex K.3.
 */
export const JPEG_HEADER = withHuffmanTables(PLAIN_HEADER, readJpegHeader(PLAIN_HEADER)).slice(0, -1);

/** All coefficients are 0. Each of four blocks of Y is 00 1010 (DC difference 0, end of block). Cb and Cr are 00 00. */
const GREY = Uint8Array.of(0x28, 0xa2, 0x8a, 0x00);
/** The first block of Y has a DC of 63: 1110 111111 1010. The DC differences of the others are 0. */
const WHITE = Uint8Array.of(0xef, 0xe8, 0xa2, 0x8a, 0x00);

const ack: Omit<Ack, "frameNumber"> = {
  outcome: "shown",
  transferMicros: 350,
  workMicros: 2_000,
  paceMicros: 16_667,
  showMicros: 500,
};
const ACK_FIELDS: Step["fields"] = [
  [1, "outcome: shown"],
  [4, "transfer: 350 µs"],
  [4, "work: 2000 µs"],
  [4, "pace: 16667 µs"],
  [4, "show: 500 µs"],
];
const STAMP_FIELDS: Step["fields"] = [
  [8, "captured"],
  [8, "encoded: 4 ms later"],
  [8, "sent: 0.2 ms later"],
];

function stampsAt(capturedAt: number) {
  return { capturedAt, encodedAt: capturedAt + 4_000, sentAt: capturedAt + 4_200 };
}

function tilesOf(numbers: number[], tiles: readonly Uint8Array[]) {
  return {
    numbers: Uint32Array.from(numbers),
    lengths: Uint32Array.from(tiles, ({ length }) => length),
    chunks: tiles,
  };
}

/** The steps, in order. */
export const EXCHANGE: readonly Step[] = [
  {
    from: "viewer",
    why: 'The viewer asks for the camera whose name contains "door", and wants pictures at once.',
    message: writeHello({ version: WIRE_VERSION, software: "my viewer", camera: "door", paused: false }),
    fields: [
      [4, "magic"],
      [1, "version 2"],
      [11, 'software: "my viewer"'],
      [6, 'camera: "door"'],
      [1, "flags: none"],
    ],
  },
  {
    from: "server",
    why: "The server has such a camera.",
    message: writeWelcome({ version: WIRE_VERSION, software: "slipstream", sourceName: "front door" }),
    fields: [
      [4, "magic"],
      [1, "version 2"],
      [12, 'software: "slipstream"'],
      [12, 'source name: "front door"'],
    ],
  },
  {
    from: "server",
    why: "It is the only camera.",
    message: writeCameras([{ name: "front door", hasEnded: false, width: WIDTH, height: HEIGHT, framesPerSecond: 30 }]),
    fields: [
      [1, "one camera"],
      [12, 'name: "front door"'],
      [1, "flags: none"],
      [2, "width 32"],
      [2, "height 16"],
      [4, "rate: 30000 frames per 1000 s"],
    ],
  },
  {
    from: "viewer",
    why: "The first Ping of the viewer. The server pings too, and the viewer answers in the same way.",
    message: writePing({ sentAt: START }),
    fields: [[8, "sent: 2026-01-01 00:00:00 UTC"]],
  },
  {
    from: "server",
    why: "The server's clock is 5 ms ahead, and the Ping took 0.3 ms.",
    message: writePong({ sentAt: START, receivedAt: START + 5_300, repliedAt: START + 5_310 }),
    fields: [
      [8, "sent: as in the Ping"],
      [8, "received: 5.3 ms later"],
      [8, "replied: 5.31 ms later"],
    ],
  },
  {
    from: "server",
    why: "Frames are 32 × 16 pixels and come as Tiles.",
    message: writeStream({
      width: WIDTH,
      height: HEIGHT,
      framesPerSecond: 30,
      codec: "simd",
      quality: 50,
      sourceWidth: WIDTH,
      sourceHeight: HEIGHT,
      jpegHeader: JPEG_HEADER,
    }),
    fields: [
      [2, "width 32"],
      [2, "height 16"],
      [4, "rate: 30000 frames per 1000 s"],
      [6, 'codec: "simd"'],
      [1, "quality 50"],
      [2, "source width 32"],
      [2, "source height 16"],
      [2, `length of the JPEG header: ${JPEG_HEADER.length}`],
      [JPEG_HEADER.length, "JPEG header: SOI, DQT, SOF0, DRI, DHT, SOS"],
    ],
  },
  {
    from: "server",
    why: "The first frame after a Stream has all tiles. Both are grey.",
    message: writeTiles({
      frameNumber: 1,
      ...stampsAt(START + 10_000),
      isLast: true,
      tiles: tilesOf([0, 1], [GREY, GREY]),
    }),
    fields: [
      [4, "frame number 1"],
      ...STAMP_FIELDS,
      [1, "flags: last part"],
      [1, "two tiles"],
      [1, "none skipped: tile 0"],
      [1, "4 bytes"],
      [1, "none skipped: tile 1"],
      [1, "4 bytes"],
      [4, "tile 0"],
      [4, "tile 1"],
    ],
  },
  {
    from: "viewer",
    why: "The viewer has shown it, and gives the server credit for another frame.",
    message: writeAck({ frameNumber: 1, ...ack }),
    fields: [[4, "frame number 1"], ...ACK_FIELDS],
  },
  {
    from: "server",
    why: "Frame 2 came while there was no credit: it is skipped. In frame 3 the right tile is white, the left one has not changed.",
    message: writeTiles({ frameNumber: 3, ...stampsAt(START + 76_667), isLast: true, tiles: tilesOf([1], [WHITE]) }),
    fields: [
      [4, "frame number 3"],
      ...STAMP_FIELDS,
      [1, "flags: last part"],
      [1, "one tile"],
      [1, "one skipped: tile 1"],
      [1, "5 bytes"],
      [5, "tile 1"],
    ],
  },
  {
    from: "viewer",
    why: "The viewer has shown that one too.",
    message: writeAck({ frameNumber: 3, ...ack }),
    fields: [[4, "frame number 3"], ...ACK_FIELDS],
  },
  {
    from: "server",
    why: "The stream ends, and the server closes the connection.",
    message: writeGoodbye({ reason: GoodbyeReason.end, text: "the source has ended" }),
    fields: [
      [1, "reason 3: end of the stream"],
      [22, 'text: "the source has ended"'],
    ],
  },
];

/** The number of bytes of a field that are shown. Longer fields show their first and last bytes. */
const SHOWN_BYTES = 12;

/** One block of hex for each step. Throws if the fields do not add up to the message. */
export function exchangeAsMarkdown(steps: readonly Step[]): string {
  return steps.map(stepAsMarkdown).join("\n\n");
}

function stepAsMarkdown({ from, why, message, fields }: Step): string {
  const type = message[HEADER_BYTES - 1] as number;
  const name = Object.entries(MessageType).find(([, number]) => number === type)?.[0] ?? "";
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  const lines = [
    lineOf(message.subarray(0, 4), `length ${message.length - 4}`),
    lineOf(message.subarray(4, 5), `type ${type}, ${title}`),
  ];
  let at = HEADER_BYTES;
  for (const [bytes, meaning] of fields) {
    lines.push(lineOf(message.subarray(at, at + bytes), meaning));
    at += bytes;
  }
  if (at !== message.length) throw new Error(`${title}: fields of ${at} bytes in a message of ${message.length}`);
  return `**${title}**, from the ${from}. ${why}\n\n\`\`\`text\n${lines.join("\n")}\n\`\`\``;
}

function lineOf(bytes: Uint8Array, meaning: string): string {
  const hex = (part: Uint8Array) => Array.from(part, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const isLong = bytes.length > SHOWN_BYTES;
  const shown = isLong ? `${hex(bytes.subarray(0, 8))} … ${hex(bytes.subarray(-3))}` : hex(bytes);
  return `${shown.padEnd(3 * SHOWN_BYTES)} ${meaning}`;
}
