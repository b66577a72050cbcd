// Reads packets of Motion JPEG in the format of ffmpeg's muxer smjpeg. ffmpeg converts a container to this format without
// decoding. Each packet has its time and its length, so a damaged packet does not affect the next one.
//
// The stream begins with `\0\nSMJPEG`, a version and a duration. Then there are chunks: `_TXT` and `_VID` with a length, `HEND`
// at the end of the headers, and `vidD` with a time in milliseconds and a length. Numbers are 32 bits, the highest byte first
// (libavformat/smjpegenc.c).

import { SourceError } from "../../core/errors.ts";
import { JpegReader, type JpegSink } from "../jpeg/jpeg-reader.ts";
import type { FrameReader } from "../pipe/ffmpeg-run.ts";
import type { FrameSink } from "../source.ts";
import { type FieldOrder, fieldOrderOf } from "./fields.ts";
import { TimedJpegs } from "./timed-jpegs.ts";

/** The arguments that make ffmpeg write the packets of a recording unchanged. */
export const PACKET_OUTPUT: readonly string[] = [
  ...["-map", "0:v:0", "-c:v", "copy", "-flush_packets", "1"],
  ...["-f", "smjpeg", "pipe:1"],
];

const MAGIC = "\0\nSMJPEG";
const STREAM_HEAD_BYTES = 16;
const TAG_BYTES = 4;
/** The length of the head of each kind of chunk, before its content. */
const CHUNK_HEAD_BYTES: Readonly<Record<string, number>> = { HEND: 4, DONE: 4, _TXT: 8, _SND: 8, _VID: 8, vidD: 12 };

export interface PacketReaderOptions {
  sink: FrameSink;
  /** The height in pixels that the container declares, or 0 if it declares none. */
  height: number;
  /** The reader calls this for a packet with two fields of one frame. It does not deliver that packet. */
  onFields: (order: FieldOrder) => void;
}

export class PacketReader implements FrameReader, JpegSink {
  readonly intervalMs = 0;
  readonly #options: PacketReaderOptions;
  readonly #timed: TimedJpegs;
  readonly #jpegs = new JpegReader(this, { hasBorders: true });
  readonly #head = new DataView(new ArrayBuffer(STREAM_HEAD_BYTES));
  #headBytes = 0;
  #neededHeadBytes = STREAM_HEAD_BYTES;
  #isBegun = false;
  /** The length of the packet that is being read, and the number of its bytes that have not come yet. */
  #packetBytes = 0;
  #missingBytes = 0;
  /** The number of coming bytes of a header to skip. */
  #skippedBytes = 0;
  /** Whether the current packet was delivered as a picture or counted as damaged. */
  #isCounted = false;

  constructor(options: PacketReaderOptions) {
    this.#options = options;
    this.#timed = new TimedJpegs(options.sink);
  }

  /** Takes the next bytes of the stream. Throws SourceError if they are not in the format of smjpeg. */
  feed(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#skippedBytes > 0) {
        const count = Math.min(this.#skippedBytes, chunk.length - at);
        at += count;
        this.#skippedBytes -= count;
      } else if (this.#missingBytes > 0) {
        const part = chunk.subarray(at, at + this.#missingBytes);
        at += part.length;
        this.#missingBytes -= part.length;
        this.#jpegs.write(part);
        if (this.#missingBytes === 0) this.#endPacket();
      } else {
        this.#head.setUint8(this.#headBytes++, chunk[at++] as number);
        if (this.#headBytes === this.#neededHeadBytes) this.#takeHead();
      }
    }
  }

  repeat(): void {
    this.#timed.repeat();
  }

  end(): void {
    this.#timed.end();
  }

  abandon(): void {
    this.#timed.abandon();
  }

  picture(jpeg: Uint8Array): void {
    this.#isCounted = true;
    const order = fieldOrderOf(jpeg, this.#packetBytes, this.#options.height);
    if (order === null) this.#timed.picture(jpeg);
    else this.#options.onFields(order);
  }

  damaged(reason: string): void {
    this.#isCounted = true;
    this.#timed.damaged(reason);
  }

  /** Takes the first bytes of the stream, the tag of a chunk, or a tag with its numbers. */
  #takeHead(): void {
    const text = String.fromCharCode(...new Uint8Array(this.#head.buffer, 0, this.#headBytes));
    const chunkHeadBytes = CHUNK_HEAD_BYTES[text.slice(0, TAG_BYTES)];
    if (this.#isBegun ? chunkHeadBytes === undefined : !text.startsWith(MAGIC)) {
      throw new SourceError(`ffmpeg wrote '${text}' where a packet of JPEG was expected`, { retry: false });
    }
    if (this.#isBegun && chunkHeadBytes !== undefined && this.#headBytes < chunkHeadBytes) {
      this.#neededHeadBytes = chunkHeadBytes;
      return;
    }
    if (this.#isBegun && this.#headBytes > TAG_BYTES) this.#beginContent(this.#head.getUint32(this.#headBytes - 4));
    this.#isBegun = true;
    this.#headBytes = 0;
    this.#neededHeadBytes = TAG_BYTES;
  }

  #beginContent(bytes: number): void {
    const isPacket = this.#headBytes === CHUNK_HEAD_BYTES["vidD"];
    if (!isPacket) {
      this.#skippedBytes = bytes;
      return;
    }
    this.#timed.setTime(this.#head.getUint32(4));
    this.#packetBytes = this.#missingBytes = bytes;
    this.#isCounted = false;
  }

  #endPacket(): void {
    this.#jpegs.border();
    if (!this.#isCounted) this.#timed.damaged("a packet without a JPEG");
  }
}
