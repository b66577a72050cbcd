// Reads JPEGs from a stream of bytes. It follows the structure of each picture (ITU-T T.81, annex B): FF D9 may also be part of a
// thumbnail.

import { SourceError } from "../../core/errors.ts";

/** No camera's picture is nearly this large. A stream without an end of image stops here. */
const MAX_PICTURE_BYTES = 64 * 1024 * 1024;

type State = "before" | "marker" | "segment" | "scan" | "behind";

/** Takes what a JpegReader finds. */
export interface JpegSink {
  /**
   * Takes a picture. Its memory is used again after the call. A picture that is cut, or whose camera writes no EOI, has no EOI at its
   * end.
   */
  picture(jpeg: Uint8Array): void;
  /** Counts a picture of which too little is there to show it. */
  damaged(reason: string): void;
}

export interface JpegReaderOptions {
  /**
   * True: a container says by `border` where each picture ends, and there is one picture between two borders. Bytes in front of it and
   * behind its EOI are skipped, also when they are further pictures. False: pictures come end to end, and each is a frame.
   */
  hasBorders: boolean;
}

/**
 * Finds the pictures in chunks of any size. A picture is handed over as soon as its own EOI is there, before the border. A picture
 * without EOI is handed over when the next one begins, or at the border. When neither comes, as at the last picture before a pause,
 * the caller decides how long to wait before it calls `end`.
 */
export class JpegReader {
  readonly #sink: JpegSink;
  readonly #hasBorders: boolean;
  #pending = new Uint8Array(256 * 1024);
  #length = 0;
  #at = 0;
  #state: State = "before";

  constructor(sink: JpegSink, { hasBorders }: JpegReaderOptions) {
    this.#sink = sink;
    this.#hasBorders = hasBorders;
  }

  /** Throws SourceError when a picture grows beyond 64 MiB. */
  write(chunk: Uint8Array): void {
    if (this.#state === "behind") return;
    this.#append(chunk);
    while (this.#step());
  }

  /** The container says that a picture ends here. An unfinished picture is handed over as far as it came, or counted as damaged. */
  border(): void {
    this.#cut();
  }

  /** The stream ends here. An unfinished picture is handed over as far as it came, or counted as damaged. */
  end(): void {
    this.#cut();
  }

  #cut(): void {
    if (this.#state === "scan") this.#sink.picture(this.#pending.subarray(0, this.#length));
    else if (this.#state === "marker" || this.#state === "segment") this.#sink.damaged("a JPEG ends within its header");
    this.#drop(this.#length);
    this.#state = "before";
  }

  /** What the bytes so far end in. */
  get inside(): "nothing" | "header" | "scan" {
    if (this.#state === "scan") return "scan";
    return this.#state === "before" || this.#state === "behind" ? "nothing" : "header";
  }

  /** Bytes of a picture that is not whole yet. */
  get pendingBytes(): number {
    return this.#state === "before" || this.#state === "behind" ? 0 : this.#length;
  }

  /** Makes one step of the state machine. Returns false when it needs more bytes. */
  #step(): boolean {
    const bytes = this.#pending;
    switch (this.#state) {
      case "behind":
        this.#drop(this.#length);
        return false;
      case "before": {
        // Bytes between EOI and the next SOI belong to no picture.
        const soi = findSoi(bytes, this.#length);
        if (soi < 0) {
          this.#drop(Math.max(0, this.#length - 1));
          return false;
        }
        this.#drop(soi);
        this.#at = 2;
        this.#state = "marker";
        return true;
      }
      case "marker": {
        if (this.#at + 2 > this.#length) return false;
        if (bytes[this.#at] !== 0xff) return this.#restart();
        const marker = bytes[this.#at + 1] as number;
        if (marker === 0xff) this.#at++;
        else if (marker === 0xd9) this.#finish(this.#at + 2);
        else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) this.#at += 2;
        else if (marker === 0xd8 || marker === 0x00) return this.#restart();
        else this.#state = "segment";
        return true;
      }
      case "segment": {
        if (this.#at + 4 > this.#length) return false;
        const isScan = bytes[this.#at + 1] === 0xda;
        this.#at += 2 + (((bytes[this.#at + 2] as number) << 8) | (bytes[this.#at + 3] as number));
        this.#state = isScan ? "scan" : "marker";
        return true;
      }
      case "scan": {
        // In entropy-coded data FF is followed by 00 or is a marker (T.81 B.1.1.5); RSTn belong to the scan.
        while (this.#at + 2 <= this.#length) {
          // Bytes after #length are from an earlier picture. Searching them too costs less than a view for each FF.
          const ff = bytes.indexOf(0xff, this.#at);
          this.#at = ff < 0 ? this.#length : Math.min(ff, this.#length);
          if (this.#at + 2 > this.#length) return false;
          const next = bytes[this.#at + 1] as number;
          if (next === 0xff) this.#at += 1;
          else if (next === 0 || (next >= 0xd0 && next <= 0xd7)) this.#at += 2;
          else {
            this.#state = "marker";
            return true;
          }
        }
        return false;
      }
    }
  }

  #finish(end: number): void {
    this.#sink.picture(this.#pending.subarray(0, end));
    this.#drop(end);
    this.#state = this.#hasBorders ? "behind" : "before";
  }

  /** The bytes looked like a picture and are none: continues after the SOI. */
  #restart(): true {
    this.#drop(2);
    this.#state = "before";
    return true;
  }

  #drop(count: number): void {
    this.#pending.copyWithin(0, count, this.#length);
    this.#length -= count;
    this.#at = 0;
  }

  #append(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length;
    if (needed > MAX_PICTURE_BYTES) {
      throw new SourceError(`no end of a picture within ${MAX_PICTURE_BYTES} bytes: is this MJPEG?`, { retry: false });
    }
    if (needed > this.#pending.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#pending.length));
      larger.set(this.#pending.subarray(0, this.#length));
      this.#pending = larger;
    }
    this.#pending.set(chunk, this.#length);
    this.#length = needed;
  }
}

function findSoi(bytes: Uint8Array, length: number): number {
  for (let at = 0; at + 1 < length; at++) if (bytes[at] === 0xff && bytes[at + 1] === 0xd8) return at;
  return -1;
}
