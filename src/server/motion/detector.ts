// The motion detector of one camera. It makes events out of the tiles that have changed in each frame, and does nothing else: no
// pixels, no clock, no files. docs/motion.md explains its rules.

import type { Micros } from "../../core/clock.ts";
import type { MotionEvent, ShareBox } from "../../core/motion.ts";
import { boxOfTiles, isSameGrid, type MotionGrid } from "./motion-grid.ts";
import { MovingTiles } from "./moving-tiles.ts";
import type { Zone } from "./zones.ts";

export interface MotionSettings {
  /** The share of the picture, from 0 to 1, that has to move. */
  area: number;
  /** The time for which it has to move until an event begins. */
  forMicros: Micros;
  /** An event ends after this time without motion. */
  quietMicros: Micros;
  zones: readonly Zone[];
}

/** The time from one update of an event to the next. */
const UPDATE_MICROS: Micros = 1_000_000;
/** What changes this soon after a camera's start is no motion: the camera still finds its exposure and its white balance. */
const START_MICROS: Micros = 2_000_000;
/** After a longer time without frames the camera has started again. */
const RESTART_MICROS: Micros = 10_000_000;

/**
 * A frame without any change, so soon after one with changes, says nothing: in the dark, cameras take 10 or 15 pictures a second and send
 * each of them two or three times.
 */
const REPEATED_MICROS: Micros = 150_000;

const MOSTLY = 0.5;

interface OpenEvent {
  number: number;
  startedAt: Micros;
  movedAt: Micros;
  updatedAt: Micros;
  /** The moving area of the last frame with motion. */
  area: number;
  heightArea: number;
  heightAt: Micros;
  tiles: TileBox;
  /** The tiles around what has moved since `look` was called, if anything has. */
  recent: TileBox;
  hasMoved: boolean;
  zones: number;
}

type TileBox = [left: number, top: number, right: number, bottom: number];

export class MotionDetector {
  readonly #settings: MotionSettings;
  readonly #onEvent: (event: MotionEvent) => void;
  #tiles: MovingTiles | null = null;
  #countsFrom: Micros = 0;
  #last: Micros | null = null;
  /** Whether anything has changed in the last frame. */
  #hasChanged = false;
  /** Whether enough has moved in the frame before. */
  #wasMoving = false;
  /** The time of motion, minus the time without motion since then. An event begins when it is long enough. */
  #moved: Micros = 0;
  #movesSince: Micros = 0;
  /** Counts the events that have begun. */
  #events = 0;
  #open: OpenEvent | null = null;

  constructor(settings: MotionSettings, onEvent: (event: MotionEvent) => void) {
    this.#settings = settings;
    this.#onEvent = onEvent;
  }

  /** Whether an event is going on. */
  get isMoving(): boolean {
    return this.#open !== null;
  }

  /** The largest moving area of the event that goes on, or 0. */
  get heightArea(): number {
    return this.#open?.heightArea ?? 0;
  }

  /** The number of events that have begun. */
  get events(): number {
    return this.#events;
  }

  /** The share of the picture that is left out because it flickers. */
  get leftOut(): number {
    return this.#tiles?.leftOut ?? 0;
  }

  /** Whether most of the picture has changed in the last frame. If it always does, motion cannot be seen. */
  get isNoisy(): boolean {
    return (this.#tiles?.everywhere ?? 0) > MOSTLY;
  }

  /**
   * Takes a frame. `isChanged` has 1 for each tile that has changed beyond the noise since it was last encoded, and 0 for the others
   * and for tiles that were only refreshed. It is not kept.
   */
  frame(capturedAt: Micros, grid: MotionGrid, isChanged: Uint8Array): void {
    const passed = this.#last === null ? 0 : capturedAt - this.#last;
    const hasChanged = isChanged.includes(1);
    if (this.#hasChanged && !hasChanged && passed <= REPEATED_MICROS) {
      this.pass(capturedAt);
      return;
    }
    this.#hasChanged = hasChanged;
    if (this.#tiles === null || !isSameGrid(this.#tiles.grid, grid)) {
      if (this.#open !== null) this.#end(this.#open);
      this.#tiles = new MovingTiles(grid, this.#settings.zones);
      this.#countsFrom = capturedAt + START_MICROS;
    } else if (passed > RESTART_MICROS || passed < 0) {
      this.#countsFrom = capturedAt + START_MICROS;
    }
    this.#last = capturedAt;
    const tiles = this.#tiles;
    tiles.look(isChanged, capturedAt, Math.max(0, Math.min(passed, RESTART_MICROS)));
    const isMoving = tiles.area >= this.#settings.area && tiles.area > 0 && capturedAt >= this.#countsFrom;
    if (this.#open === null) this.#wait(isMoving, capturedAt, Math.max(0, passed), tiles);
    else if (isMoving) this.#goOn(this.#open, capturedAt, tiles);
    else this.pass(capturedAt);
    this.#wasMoving = isMoving;
  }

  /** Ends the event if nothing has moved until `now` for long enough. Call it now and then, because a source may deliver no frames. */
  pass(now: Micros): void {
    const open = this.#open;
    if (open !== null && now - open.movedAt >= this.#settings.quietMicros) this.#end(open);
  }

  /** Returns the event that goes on, or null, with the box around what has moved since the call before (null if nothing has). */
  look(): { event: MotionEvent; moving: ShareBox | null } | null {
    const open = this.#open;
    if (open === null || this.#tiles === null) return null;
    const { recent, area, hasMoved } = open;
    open.hasMoved = false;
    const event = this.#state("update", open, hasMoved ? area : 0);
    return { event, moving: hasMoved ? boxOfTiles(this.#tiles.grid, recent) : null };
  }

  /** Ends the event because there will be no more frames. */
  close(): void {
    if (this.#open !== null) this.#end(this.#open);
  }

  #wait(isMoving: boolean, capturedAt: Micros, passed: Micros, tiles: MovingTiles): void {
    if (!isMoving) {
      this.#moved = Math.max(0, this.#moved - passed);
      return;
    }
    if (this.#moved === 0 && !this.#wasMoving) this.#movesSince = capturedAt;
    if (this.#wasMoving) this.#moved += passed;
    if (this.#moved < this.#settings.forMicros) return;
    this.#moved = 0;
    const { left, top, right, bottom, zones, area } = tiles;
    this.#open = {
      number: ++this.#events,
      startedAt: this.#movesSince,
      movedAt: capturedAt,
      updatedAt: capturedAt,
      area,
      heightArea: area,
      heightAt: capturedAt,
      tiles: [left, top, right, bottom],
      recent: [left, top, right, bottom],
      hasMoved: true,
      zones,
    };
    this.#tell("start", this.#open, area);
  }

  #goOn(open: OpenEvent, capturedAt: Micros, tiles: MovingTiles): void {
    const { area, zones } = tiles;
    open.movedAt = capturedAt;
    open.area = area;
    open.zones |= zones;
    include(open.tiles, tiles, true);
    include(open.recent, tiles, open.hasMoved);
    open.hasMoved = true;
    if (area > open.heightArea) {
      open.heightArea = area;
      open.heightAt = capturedAt;
    }
    if (capturedAt - open.updatedAt < UPDATE_MICROS) return;
    open.updatedAt = capturedAt;
    this.#tell("update", open, area);
  }

  #end(open: OpenEvent): void {
    this.#open = null;
    this.#moved = 0;
    this.#tell("end", open, 0);
  }

  #tell(phase: MotionEvent["phase"], open: OpenEvent, area: number): void {
    this.#onEvent(this.#state(phase, open, area));
  }

  #state(phase: MotionEvent["phase"], open: OpenEvent, area: number): MotionEvent {
    const { number, startedAt, movedAt, heightArea, heightAt, tiles, zones } = open;
    const { grid } = this.#tiles as MovingTiles;
    const named = this.#settings.zones.filter((_, index) => (zones & (1 << index)) !== 0);
    return {
      ...{ phase, number, startedAt, movedAt, area },
      height: { area: heightArea, at: heightAt },
      box: boxOfTiles(grid, tiles),
      zones: named.map(({ name }) => name),
    };
  }
}

/** Makes a box so large that it has the moving tiles, too. With `keeps` false it has only these. */
function include(box: TileBox, { left, top, right, bottom }: MovingTiles, keeps: boolean): void {
  box[0] = keeps ? Math.min(box[0], left) : left;
  box[1] = keeps ? Math.min(box[1], top) : top;
  box[2] = keeps ? Math.max(box[2], right) : right;
  box[3] = keeps ? Math.max(box[3], bottom) : bottom;
}
