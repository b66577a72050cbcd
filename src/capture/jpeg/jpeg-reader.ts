// Reads JPEGs from a stream of bytes. It keeps the bytes of the current picture, and passes the picture on when its end has come.

import { isEoiBefore, SOI } from "./markers.ts";
import { PictureWalk, type Progress } from "./picture-walk.ts";
import { repairRestarts } from "./restart-repair.ts";
import { StreamFacts } from "./stream-facts.ts";

/** No camera's picture is nearly this large. */
const MAX_PICTURE_BYTES = 64 * 1024 * 1024;
const SLICE_BYTES = 256 * 1024;
/** After this number of pictures in a row without EOI, the reader expects no EOI in the next one either. */
const CUT_IN_A_ROW = 2;

/** Receives the pictures of a JpegReader. */
export interface JpegSink {
  /**
   * Receives a picture. Its memory is reused after the call. A truncated picture, or one from a camera that writes no EOI, does
   * not end with EOI.
   */
  picture(jpeg: Uint8Array): void;
  /** Called for a picture that is too incomplete to show, with the reason. */
  damaged(reason: string): void;
}

export interface JpegReaderOptions {
  /**
   * True if a container marks the end of each picture by `border`, with one picture between two borders. Bytes before the picture
   * and after its EOI are skipped, even if they are further pictures. False if pictures follow each other directly, and each is a
   * frame.
   */
  hasBorders: boolean;
}

/**
 * Finds the pictures in chunks of any size. It passes on a picture as soon as the picture's EOI has come. A picture without EOI
 * is passed on when the next picture begins, or when the caller calls `border` or `passOn`. QuietEnd decides when to call
 * `passOn`.
 *
 * Stray bytes between the segments of a picture are removed, and restart markers with wrong numbers are repaired. All other
 * pictures are unchanged. A wrong length or marker never
 * costs more than the picture that has it. The methods never throw.
 */
export class JpegReader {
  readonly #sink: JpegSink;
  readonly #hasBorders: boolean;
  readonly #stream = new StreamFacts();
  #bytes: Uint8Array = new Uint8Array(0);
  /** The bytes from `#first` to `#length` have not been passed on. */
  #first = 0;
  #length = 0;
  #walk: PictureWalk | null = null;
  /** True when the picture of the current part has been passed on. The reader skips the rest of the part, up to the border. */
  #isBehind = false;
  /** Whether the current picture begins the stream, or follows an EOI directly. */
  #isBegunCleanly = true;
  /**
   * A picture of a stream whose size is not known yet, if it may be the thumbnail of a damaged picture. The next picture decides:
   * it has the same size only if this one is a frame.
   */
  #held: { jpeg: Uint8Array; sizeKey: number } | null = null;
  /** True when the last picture has no EOI. A picture that follows may then be its thumbnail. */
  #isDoubtful = false;
  #writesEoi = false;
  #cutInARow = 0;
  /** The number of bytes of the current picture that `passOn` has passed on. */
  #passedOnBytes = 0;
  /** The number of pictures that have ended. */
  ended = 0;

  constructor(sink: JpegSink, { hasBorders }: JpegReaderOptions) {
    this.#sink = sink;
    this.#hasBorders = hasBorders;
  }

  write(chunk: Uint8Array): void {
    // A large chunk is read in slices, so that the needed memory stays small.
    for (let at = 0; at < chunk.length && !this.#isBehind; at += SLICE_BYTES) {
      this.#append(chunk.length <= SLICE_BYTES ? chunk : chunk.subarray(at, at + SLICE_BYTES));
      this.#read(false);
    }
  }

  /**
   * Reads a whole packet of a container, with a border before and after it. The reader works in the caller's memory: it moves
   * bytes there to remove stray ones, and the picture that it passes on is a part of `bytes`.
   */
  packet(bytes: Uint8Array): void {
    this.border();
    const own = this.#bytes;
    this.#bytes = bytes;
    this.#length = bytes.length;
    this.border();
    this.#bytes = own;
  }

  /**
   * Handles the end of a picture in the container. The received part of an unfinished picture is delivered, or the picture counts
   * as damaged.
   */
  border(): void {
    this.#read(true);
    this.#deliverHeld();
    this.#forget();
    this.#isBehind = false;
  }

  /** Handles the end of the stream. The received part of an unfinished picture is delivered, or the picture counts as damaged. */
  end(): void {
    this.border();
  }

  /** Tells where the bytes so far end: in the header of a JPEG, in its scan, or outside of any JPEG. */
  get inside(): "nothing" | "header" | "scan" {
    return this.#walk?.inside ?? "nothing";
  }

  /**
   * Whether the current picture may be complete: its scan has begun, and the last pictures had no EOI. Also true while a picture
   * is held and nothing has followed it.
   */
  get mayBeWhole(): boolean {
    const walk = this.#walk;
    if (this.#held !== null && this.#first === this.#length) return true;
    return this.#cutInARow >= CUT_IN_A_ROW && walk !== null && walk.inside === "scan" && walk.isUsable;
  }

  /** Passes on the current picture if it may be complete. If more of it comes later, the whole picture is passed on again. */
  passOn(): void {
    const walk = this.#walk;
    if (this.mayBeWhole && this.#held !== null) this.#deliverHeld();
    if (walk === null || !this.mayBeWhole || walk.gaps.length > 0) return;
    const bytes = this.#length - walk.start;
    if (bytes === this.#passedOnBytes) return;
    this.#passedOnBytes = bytes;
    this.#sink.picture(this.#bytes.subarray(walk.start, this.#length));
  }

  /**
   * The number of bytes of an unfinished picture. It is 0 within a scan if the stream never writes EOI, because that picture may
   * be complete.
   */
  get pendingBytes(): number {
    const walk = this.#walk;
    if (walk === null || !walk.isPicture || (walk.hasScan && !this.#writesEoi)) return 0;
    return this.#length - walk.start;
  }

  #read(isLast: boolean): void {
    while (!this.#isBehind) {
      this.#walk ??= this.#begin();
      if (this.#walk === null) return;
      const progress = this.#walk.advance(this.#bytes, this.#length, isLast);
      if (progress === "more") {
        if (this.#length - this.#first > MAX_PICTURE_BYTES) this.#giveUp();
        return;
      }
      this.#finish(this.#walk, progress);
    }
  }

  /** Begins a new picture. Returns null when there are too few bytes to tell what they are. */
  #begin(): PictureWalk | null {
    if (this.#first + 2 > this.#length) return null;
    const isSoi = this.#bytes[this.#first] === 0xff && this.#bytes[this.#first + 1] === SOI;
    const isBelieved = isSoi && !(this.#isDoubtful && this.#stream.sizeKey !== 0);
    return isBelieved ? new PictureWalk(this.#first, this.#stream) : PictureWalk.withoutSoi(this.#first, this.#stream);
  }

  #finish(walk: PictureWalk, progress: Progress): void {
    const wasPassedOn = this.#passedOnBytes === walk.end - walk.start;
    const isBegunCleanly = this.#isBegunCleanly;
    this.#walk = null;
    this.#passedOnBytes = 0;
    this.ended++;
    this.#first = walk.end;
    this.#stream.finder.forgetBefore(walk.end);
    this.#isDoubtful = progress === "cut";
    // The bytes before the walk may be gone.
    if (walk.end > walk.start) this.#isBegunCleanly = walk.end > walk.start + 1 && isEoiBefore(this.#bytes, walk.end);
    if (progress === "cut") this.#cutInARow++;
    else if (progress === "whole") this.#cutInARow = 0;
    const isEnded = progress === "whole" || progress === "cut";
    if (!isEnded || !walk.isUsable) {
      if (walk.isPicture) this.#sink.damaged(reasonOf(walk));
      return;
    }
    if (progress === "whole") this.#writesEoi = true;
    const { sizeKey } = walk;
    const known = this.#stream.sizeKey;
    if (this.#held !== null) {
      const isFrame = this.#held.sizeKey === sizeKey;
      if (isFrame) this.#deliverHeld();
      else this.#dropThumbnail();
      if (this.#isBehind) return;
    } else if (known === 0 && !wasPassedOn && (walk.gaps.length > 0 || !(isBegunCleanly || this.#hasBorders))) {
      this.#held = { jpeg: this.#mended(walk, progress).slice(), sizeKey };
      return;
    } else if (walk.gaps.length > 0 && known !== 0 && known !== sizeKey) {
      this.#stream.sizeKey = sizeKey;
      this.#dropThumbnail();
      return;
    }
    this.#stream.sizeKey = sizeKey;
    this.#isBehind = this.#hasBorders;
    if (!wasPassedOn) this.#sink.picture(this.#mended(walk, progress));
  }

  #deliverHeld(): void {
    if (this.#held === null) return;
    const { jpeg, sizeKey } = this.#held;
    this.#held = null;
    this.#stream.sizeKey = sizeKey;
    this.#isBehind = this.#hasBorders;
    this.#sink.picture(jpeg);
  }

  #dropThumbnail(): void {
    this.#held = null;
    this.#sink.damaged("a JPEG has lost its header, and only its thumbnail is left");
  }

  /** Returns the picture without its gaps, and with right restart markers. */
  #mended(walk: PictureWalk, progress: Progress): Uint8Array {
    const { restarts } = walk.scans;
    if (progress !== "whole" || walk.gaps.length > 0 || restarts === null) return this.#withoutGaps(walk);
    return repairRestarts(this.#bytes, walk.start, walk.end, restarts);
  }

  /** Removes the gaps. It moves the bytes before each gap towards the end, because the scan after them is the largest part. */
  #withoutGaps({ start, end, gaps }: PictureWalk): Uint8Array {
    let begin = start;
    for (let index = 0; index < gaps.length; index += 2) {
      const [from, to] = [gaps[index] as number, gaps[index + 1] as number];
      this.#bytes.copyWithin(begin + to - from, begin, from);
      begin += to - from;
    }
    return this.#bytes.subarray(begin, end);
  }

  #giveUp(): void {
    this.#sink.damaged(`a JPEG does not end within ${MAX_PICTURE_BYTES} bytes`);
    this.#forget();
    this.#bytes = new Uint8Array(0);
  }

  #forget(): void {
    this.#walk = null;
    this.#passedOnBytes = 0;
    this.#stream.finder.shift(this.#length);
    this.#first = this.#length = 0;
    this.#isBegunCleanly = true;
    this.#isDoubtful = false;
  }

  #append(chunk: Uint8Array): void {
    if (this.#length + chunk.length > this.#bytes.length) this.#makeSpace(chunk.length);
    this.#bytes.set(chunk, this.#length);
    this.#length += chunk.length;
  }

  #makeSpace(more: number): void {
    const kept = this.#length - this.#first;
    if (2 * (kept + more) <= this.#bytes.length) {
      this.#bytes.copyWithin(0, this.#first, this.#length);
    } else {
      const larger = new Uint8Array(2 * (kept + more));
      larger.set(this.#bytes.subarray(this.#first, this.#length));
      this.#bytes = larger;
    }
    this.#walk?.shift(this.#first);
    this.#stream.finder.shift(this.#first);
    this.#first = 0;
    this.#length = kept;
  }
}

function reasonOf({ hasScan }: PictureWalk): string {
  return hasScan ? "a JPEG has lost its beginning, or its frame header (SOF)" : "a JPEG ends before its scan (SOS)";
}
