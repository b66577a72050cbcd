// Zones: the named parts of the picture in which motion is watched or ignored.

import { UsageError } from "../../core/errors.ts";
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
export const MAX_ZONES = 16;
export const MAX_CORNERS = 64;

/** The number of points in a tile, along its width and its height, that are tested for being in a zone. */
const SAMPLES_X = 8;
const SAMPLES_Y = 4;

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
    const least = Math.min(0.5, Math.max(...covered));
    for (const [tile, share] of covered.entries()) {
      if (share < least || share === 0) continue;
      isWatched[tile] = zone.isWatched ? 1 : 0;
      if (zone.isWatched) bits[tile] = (bits[tile] as number) | (1 << index);
    }
  }
  return { isWatched, zones: bits };
}

/** Returns the share of each tile that a polygon covers. */
function coveredShares(grid: MotionGrid, polygon: readonly SharePoint[]): number[] {
  const { columns, lines, width, height, tileWidth, tileHeight } = grid;
  return Array.from({ length: columns * lines }, (_, tile) => {
    const left = (tile % columns) * tileWidth;
    const top = Math.floor(tile / columns) * tileHeight;
    const right = Math.min(width, left + tileWidth);
    const bottom = Math.min(height, top + tileHeight);
    let inside = 0;
    for (let row = 0; row < SAMPLES_Y; row++) {
      for (let column = 0; column < SAMPLES_X; column++) {
        const x = (left + ((column + 0.5) / SAMPLES_X) * (right - left)) / width;
        const y = (top + ((row + 0.5) / SAMPLES_Y) * (bottom - top)) / height;
        if (isInside(polygon, x, y)) inside++;
      }
    }
    return inside / (SAMPLES_X * SAMPLES_Y);
  });
}

/** Returns whether a line from the point to the right crosses the sides an odd number of times. */
function isInside(polygon: readonly SharePoint[], x: number, y: number): boolean {
  let inside = false;
  for (const [index, [ax, ay]] of polygon.entries()) {
    const [bx, by] = polygon[(index + 1) % polygon.length] as SharePoint;
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
  }
  return inside;
}
