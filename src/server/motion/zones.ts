// Zones: the named parts of the picture in which motion is watched or ignored.

import { UsageError } from "../../core/errors.ts";
import { MAX_MOTION_ZONES } from "../../protocol/wire.ts";
import type { MotionGrid } from "./motion-grid.ts";

/** A point in shares of the picture, each from 0 to 1. */
export type SharePoint = readonly [x: number, y: number];

export interface Zone {
  name: string;
  /** Whether motion in the zone counts. False means that it is ignored. */
  isWatched: boolean;
  /** The corners. The last one is connected with the first one. */
  polygon: readonly SharePoint[];
}

/** The zones of a tile are bits of a number. */
export const MAX_ZONES = MAX_MOTION_ZONES;
export const MAX_CORNERS = 64;

/** The number of rows of a tile in which the part that a zone covers is measured. */
const SAMPLED_ROWS = 4;
/** Shares that should be the same differ by less than this. */
const ROUNDING = 1e-9;

/** Throws UsageError for corners that are not a simple polygon in the picture. The message has no subject. */
export function checkPolygon(polygon: readonly SharePoint[]): void {
  if (polygon.length < 3 || polygon.length > MAX_CORNERS)
    throw new UsageError(`has ${polygon.length} corners: a polygon has 3 to ${MAX_CORNERS}`);
  for (const [x, y] of polygon) {
    if (!(x >= 0 && x <= 1 && y >= 0 && y <= 1))
      throw new UsageError(`has the corner [${x}, ${y}], which is outside of the picture: x and y must be from 0 to 1`);
  }
  const edges = polygon.map((from, index): Edge => [from, polygon[(index + 1) % polygon.length] as SharePoint]);
  for (const [[x, y], [endX, endY]] of edges) {
    if (x === endX && y === endY) throw new UsageError(`has the corner [${x}, ${y}] twice in a row: leave one out`);
  }
  for (const [index, edge] of edges.entries()) {
    for (const [later, other] of edges.entries()) {
      const areNeighbours = later - index <= 1 || (index === 0 && later === edges.length - 1);
      if (!areNeighbours && doCross(edge, other)) {
        throw new UsageError(
          `crosses itself: the side from ${show(edge)} and the side from ${show(other)} meet; name the corners in their order along the edge`,
        );
      }
    }
  }
  if (areaOf(polygon) === 0) throw new UsageError("has no area: all its corners are on one line");
}

type Edge = readonly [SharePoint, SharePoint];

const show = ([from, to]: Edge) => `[${from.join(", ")}] to [${to.join(", ")}]`;

function doCross([a, b]: Edge, [c, d]: Edge): boolean {
  const sides = [side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)] as const;
  const [ofC, ofD, ofA, ofB] = sides;
  if (ofC !== ofD && ofA !== ofB && sides.every((each) => each !== 0)) return true;
  // A corner that lies on another side also counts as a crossing.
  return (
    (ofC === 0 && isBetween(a, b, c)) ||
    (ofD === 0 && isBetween(a, b, d)) ||
    (ofA === 0 && isBetween(c, d, a)) ||
    (ofB === 0 && isBetween(c, d, b))
  );
}

/** Returns on which side of a line a point is: -1, 0 or 1. */
function side([ax, ay]: SharePoint, [bx, by]: SharePoint, [x, y]: SharePoint): number {
  return Math.sign((bx - ax) * (y - ay) - (by - ay) * (x - ax));
}

function isBetween([ax, ay]: SharePoint, [bx, by]: SharePoint, [x, y]: SharePoint): boolean {
  return x >= Math.min(ax, bx) && x <= Math.max(ax, bx) && y >= Math.min(ay, by) && y <= Math.max(ay, by);
}

function areaOf(polygon: readonly SharePoint[]): number {
  const sum = polygon.reduce((total, [x, y], index) => {
    const [nextX, nextY] = polygon[(index + 1) % polygon.length] as SharePoint;
    return total + x * nextY - nextX * y;
  }, 0);
  return Math.abs(sum) / 2;
}

/** The zones of a picture's tiles. */
export interface ZoneTiles {
  /** 1 for each tile in which motion counts. */
  isWatched: Uint8Array;
  /** The watched zones of each tile: bit n is the zone with index n. */
  zones: Uint32Array;
}

/**
 * Returns the zones of each tile. A tile belongs to a zone that covers at least half of it. A zone that covers no tile by half has
 * the tile that it covers most. Without a watched zone, all tiles that are not ignored are watched.
 */
export function zonesOfTiles(grid: MotionGrid, zones: readonly Zone[]): ZoneTiles {
  const tiles = grid.columns * grid.lines;
  const hasWatched = zones.some(({ isWatched }) => isWatched);
  const isWatched = new Uint8Array(tiles).fill(hasWatched ? 0 : 1);
  const bits = new Uint32Array(tiles);
  const ordered = [...zones.entries()].toSorted(([, a], [, b]) => Number(b.isWatched) - Number(a.isWatched));
  for (const [index, zone] of ordered) {
    const covered = coveredShares(grid, zone.polygon);
    const least =
      Math.min(
        0.5,
        covered.reduce((most, share) => Math.max(most, share), 0),
      ) - ROUNDING;
    for (let tile = 0; tile < tiles; tile++) {
      const share = covered[tile] as number;
      if (share < least || share === 0) continue;
      isWatched[tile] = zone.isWatched ? 1 : 0;
      if (zone.isWatched) bits[tile] = (bits[tile] as number) | (1 << index);
    }
  }
  return { isWatched, zones: bits };
}

/**
 * Returns the share of each tile that a polygon covers. It is found along some rows of each line of tiles, so the work is that for the
 * corners and the tiles of these rows: a picture begins while viewers wait for others.
 */
function coveredShares(grid: MotionGrid, polygon: readonly SharePoint[]): Float64Array {
  const { columns, lines, width, height, tileWidth, tileHeight } = grid;
  const shares = new Float64Array(columns * lines);
  for (let row = 0; row < lines * SAMPLED_ROWS; row++) {
    const line = Math.floor(row / SAMPLED_ROWS);
    const top = line * tileHeight;
    const lineHeight = Math.min(tileHeight, height - top);
    const crossings = crossingsOf(polygon, (top + (((row % SAMPLED_ROWS) + 0.5) / SAMPLED_ROWS) * lineHeight) / height);
    // The polygon is between the first and the second crossing, between the third and the fourth, and so on.
    for (let index = 0; index + 1 < crossings.length; index += 2) {
      const [from, to] = [(crossings[index] as number) * width, (crossings[index + 1] as number) * width];
      for (let column = Math.floor(from / tileWidth); column < columns && column * tileWidth < to; column++) {
        const left = column * tileWidth;
        const right = Math.min(width, left + tileWidth);
        const tile = line * columns + column;
        const share = Math.max(0, Math.min(to, right) - Math.max(from, left)) / (right - left);
        shares[tile] = (shares[tile] as number) + share / SAMPLED_ROWS;
      }
    }
  }
  return shares;
}

/** Returns where the sides of a polygon cross the row at `y`, from left to right. */
function crossingsOf(polygon: readonly SharePoint[], y: number): number[] {
  const crossings: number[] = [];
  let [ax, ay] = polygon[polygon.length - 1] as SharePoint;
  for (const [bx, by] of polygon) {
    if (ay > y !== by > y) crossings.push(ax + ((y - ay) / (by - ay)) * (bx - ax));
    [ax, ay] = [bx, by];
  }
  return crossings.sort((one, other) => one - other);
}
