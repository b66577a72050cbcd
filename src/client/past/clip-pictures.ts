// Reads the pictures and times of a clip, which is Motion JPEG in Matroska (RFC 9559), while it arrives.
//
// A file is elements: an id, a size and a content (EBML, RFC 8794). Some contain other elements. A block is a picture with its time in
// its cluster. Servers write one track, whose times are in milliseconds.

import { ProtocolError } from "../../core/errors.ts";

const EBML = 0x1a45dfa3;
const CLUSTER_TIME = 0xe7;
const SIMPLE_BLOCK = 0xa3;
const BLOCK = 0xa1;
/** Segment, Cluster and BlockGroup: the elements whose elements are read. */
const PARENTS: readonly number[] = [0x18538067, 0x1f43b675, 0xa0];

/** The largest element, also of those that are skipped. */
const MAX_ELEMENT_BYTES = 64 * 2 ** 20;
/** The longest number in the content of an element (RFC 8794 7.2). */
const MAX_NUMBER_BYTES = 8;
/** A block begins with its track (one byte), its time (two bytes) and flags. */
const BLOCK_HEAD_BYTES = 4;

/** The bytes are not those of a clip. */
export class DamagedClip extends ProtocolError {}

export class ClipPictures {
  readonly #onPicture: (milliseconds: number, jpeg: Uint8Array<ArrayBuffer>) => void;
  /** The bytes of an element that is not complete. */
  #rest = new Uint8Array();
  #isBegun = false;
  #clusterMs = 0;

  /** The reader calls `onPicture` for each picture, with the time since the beginning of the clip, and bytes of its own. */
  constructor(onPicture: (milliseconds: number, jpeg: Uint8Array<ArrayBuffer>) => void) {
    this.#onPicture = onPicture;
  }

  /** Takes the next bytes of the file. Throws DamagedClip if they are not those of a clip. */
  feed(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    let at = 0;
    for (let next = this.#readElement(all, 0); next !== null; next = this.#readElement(all, at)) at = next;
    this.#rest = all.slice(at);
  }

  /** Reads the element at an offset, and returns the offset of the next one, or null if the element is not complete. */
  #readElement(all: Uint8Array, at: number): number | null {
    const id = readNumber(all, at, true);
    const size = id === null ? null : readNumber(all, id.end, false);
    if (id === null || size === null) return null;
    if (!this.#isBegun && id.value !== EBML) throw new DamagedClip("the clip is not a Matroska file");
    this.#isBegun = true;
    if (PARENTS.includes(id.value)) return size.end;
    if (size.value > MAX_ELEMENT_BYTES)
      throw new DamagedClip(`a part of the clip has ${size.value} bytes, and the limit is ${MAX_ELEMENT_BYTES}`);
    const end = size.end + size.value;
    if (end > all.length) return null;
    const content = all.subarray(size.end, end);
    if (id.value === CLUSTER_TIME) this.#clusterMs = readTime(content);
    else if (id.value === SIMPLE_BLOCK || id.value === BLOCK) this.#takeBlock(content);
    return end;
  }

  #takeBlock(content: Uint8Array): void {
    if (content.length <= BLOCK_HEAD_BYTES) throw new DamagedClip("the clip has a picture without bytes");
    const ms = new DataView(content.buffer, content.byteOffset).getInt16(1);
    this.#onPicture(this.#clusterMs + ms, content.slice(BLOCK_HEAD_BYTES));
  }
}

function readTime(content: Uint8Array): number {
  if (content.length > MAX_NUMBER_BYTES) throw new DamagedClip(`a time in the clip has ${content.length} bytes`);
  return content.reduce((sum, byte) => 256 * sum + byte, 0);
}

/**
 * Reads a number of variable length: the zeros at its beginning tell its length (RFC 8794 4). An id keeps its length marker. Returns
 * null if it is not complete. Throws DamagedClip if it is longer than eight bytes.
 */
function readNumber(bytes: Uint8Array, at: number, isId: boolean): { value: number; end: number } | null {
  const first = bytes[at];
  if (first === undefined) return null;
  const length = Math.clz32(first) - 23;
  if (length > 8) throw new DamagedClip("the clip is damaged: a number has no length");
  const end = at + length;
  if (end > bytes.length) return null;
  let value = isId ? first : first & ((1 << (8 - length)) - 1);
  for (let index = at + 1; index < end; index++) value = 256 * value + (bytes[index] as number);
  return { value, end };
}
