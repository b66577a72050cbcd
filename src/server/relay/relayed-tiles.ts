// The tiles of another server's stream. They are stored as they come, in a rendition that viewers get unchanged.
//
// Each stream has a rendition of its own, which replaces the one before when its first frame is whole. So viewers keep a picture
// while the connection to the other server is made again.

import { estimateQuality } from "../../codec/jpeg/header.ts";
import { readTileLayout, type TileLayout } from "../../codec/jpeg/tile-layout.ts";
import type { CaptureRate } from "../../capture/capture-rate.ts";
import type { JpegBlock } from "../../capture/jpeg-blocks.ts";
import { CodecError, ProtocolError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { StreamHeader, Tiles } from "../../protocol/messages.ts";
import { TileCheck } from "../../protocol/tile-check.ts";
import { MAX_TILES } from "../../protocol/tile-list.ts";
import type { EncodeFigures } from "../encode/figures.ts";
import type { Transcoder } from "../encode/transcoder.ts";
import { USUAL_QUALITY } from "../renditions/feed.ts";
import { Rendition } from "../renditions/rendition.ts";
import type { RelaySink, TileSink } from "../renditions/sinks.ts";

/** The stream of which tiles arrive. */
interface Arriving {
  rendition: Rendition;
  layout: TileLayout;
  check: TileCheck;
  /** The other server's number of the frame that arrives in parts, or null between two frames. */
  open: number | null;
  openBytes: number;
}

/** A frame that is whole. */
export interface RelayedFrame {
  frameNumber: number;
  size: Size;
  rendition: Rendition;
  bytes: number;
}

export interface RelayedTilesOptions {
  audience: RelaySink;
  /** The receivers of each whole frame, which are called in this order. */
  sinks: readonly TileSink[];
  captures: CaptureRate;
  figures: EncodeFigures;
  /** The memory for JPEGs that are decoded for other sizes and qualities. */
  slots: { reserveJpeg(mostBytes: number): JpegBlock | null };
  log: Log;
}

export class RelayedTiles {
  readonly #options: RelayedTilesOptions;
  /** The stream that was announced, and its tiles. Null before a stream with tiles. */
  #announced: { stream: StreamHeader; layout: TileLayout } | null = null;
  #arriving: Arriving | null = null;
  /** The rendition of the newest whole frame, or null while there is none. */
  #newest: Rendition | null = null;
  /** The number of the newest frame that was given to the transcoder. */
  #given = 0;

  constructor(options: RelayedTilesOptions) {
    this.#options = options;
  }

  /** Begins a stream. Without a JPEG header it has no tiles. Throws ProtocolError if the header is not that of a picture in tiles. */
  begin(stream: StreamHeader): void {
    this.#arriving = null;
    this.#announced = null;
    if (stream.jpegHeader.length > 0) this.#announced = { stream, layout: layoutOf(stream) };
  }

  /** Takes the memory for the tiles of the stream. Streams without tiles would take it again and again. */
  #receive(): Arriving {
    if (this.#announced === null) throw new ProtocolError("Tiles came before a Stream with a JPEG header");
    const { stream, layout } = this.#announced;
    const { tiles, tilePixels } = layout;
    const quality = stream.quality || (estimateQuality(stream.jpegHeader) ?? USUAL_QUALITY);
    const rendition = new Rendition({ halvings: 0, quality, passedOn: "tiles" });
    rendition.relay(stream, tiles);
    return { rendition, layout, check: new TileCheck(tiles, tilePixels), open: null, openBytes: 0 };
  }

  /** Stores a part of a frame. Returns the frame if it is whole now, or else null. Throws ProtocolError as FrameSink.tiles does. */
  store(part: Tiles): RelayedFrame | null {
    this.#arriving ??= this.#receive();
    const arriving = this.#arriving;
    const { rendition, layout, check } = arriving;
    const { numbers, lengths, chunks } = part.tiles;
    // A frame whose last part has not come is dropped, because the next frame has its tiles, too.
    const isNext = arriving.open !== part.frameNumber;
    if (isNext && rendition.isNew) check.restart();
    check.take(part);
    if (isNext) {
      rendition.open(this.#options.captures.frames + 1, part.capturedAt);
      arriving.open = part.frameNumber;
      arriving.openBytes = 0;
    }
    const [chunk] = chunks; // a message that was read has one chunk, with all its tiles
    if (chunk !== undefined) rendition.put(numbers, lengths, chunk);
    arriving.openBytes += chunk?.length ?? 0;
    if (!part.isLast) return null;
    arriving.open = null;
    const bytes = arriving.openBytes;
    rendition.commit(bytes, bytes > 0, part.encodedAt);
    return { frameNumber: this.#options.captures.add(part.capturedAt), size: layout, rendition, bytes };
  }

  /** Passes a whole frame to the viewers. */
  publish({ frameNumber, rendition, bytes }: RelayedFrame): void {
    const { audience, sinks, figures, log } = this.#options;
    figures.countEncoded(rendition.capturedAt, rendition.encodedAt);
    if (log.isEnabledFor("debug")) log.debug(`frame ${frameNumber}: passed on in tiles, ${bytes} bytes`);
    if (rendition !== this.#newest) {
      this.#newest = rendition;
      audience.passOn(rendition);
    }
    const share = bytes / Math.max(1, rendition.wholeBytes);
    for (const sink of sinks) sink.commit(rendition, share);
  }

  /**
   * Gives the newest frame to the transcoder as a JPEG, if viewers need it in another size or quality. It is made only when it can be
   * decoded at once, because making it copies all tiles.
   */
  giveTo(transcoder: Transcoder): void {
    const rendition = this.#newest;
    if (rendition === null || rendition.newestFrame <= this.#given) return;
    const { newestFrame: frameNumber, capturedAt } = rendition;
    if (!transcoder.wantsNow(capturedAt)) return;
    const jpeg = rendition.jpeg();
    if (jpeg === null) return;
    this.#given = frameNumber;
    const { bytes, width, height } = jpeg;
    const block = this.#options.slots.reserveJpeg(bytes.length);
    if (block === null) {
      this.#options.figures.drops.add("source");
      return;
    }
    block.bytes.set(bytes);
    transcoder.offer({ width, height, frameNumber, capturedAt, block, jpegBytes: bytes.length }, true);
    block.release();
  }

  /** Drops all frames, because the source sends none any more, or sends whole pictures. */
  end(): void {
    this.#newest?.stop();
    this.#newest = null;
    this.#arriving = null;
    this.#announced = null;
  }
}

function layoutOf({ jpegHeader, width, height }: StreamHeader): TileLayout {
  try {
    const layout = readTileLayout(jpegHeader);
    if (layout.width !== width || layout.height !== height)
      throw new CodecError(`its JPEG header has the size ${layout.width}x${layout.height}, not ${width}x${height}`);
    if (layout.tiles > MAX_TILES)
      throw new CodecError(`the picture has ${layout.tiles} tiles, and the limit is ${MAX_TILES}`);
    return layout;
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause;
    throw new ProtocolError(`a Stream cannot be passed on: ${cause.message}`, { cause });
  }
}
