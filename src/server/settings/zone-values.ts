// Checks the zones of motion detection, from the library and from the settings file.

import * as v from "valibot";
import { UsageError } from "../../core/errors.ts";
import { printable } from "../../core/printable.ts";
import { MAX_ZONE_NAME_BYTES } from "../../protocol/wire.ts";
import { checkPolygon, MAX_ZONES, type SharePoint, type Zone } from "../motion/zones.ts";
import { checkAs, checked } from "./checked.ts";
import type { ZoneOptions } from "./options.ts";

/** The settings of a zone. */
export const ZONE_KEYS = ["name", "ignore", "rectangle", "polygon"] as const;

/** Checks the zones of a camera. Throws UsageError with the name of the zone. */
export function resolveZones(zones: readonly ZoneOptions[]): Zone[] {
  if (zones.length > MAX_ZONES) throw new UsageError(`there are ${zones.length} zones, and the limit is ${MAX_ZONES}`);
  return zones.map((zone, index): Zone => {
    const { name, ignore = false } = zone;
    checkZoneName(name);
    if (zones.findIndex((other) => other.name === name) < index)
      throw new UsageError(`'${name}' is already the name of another zone`);
    const polygon = cornersOf(zone);
    checkAs(`the zone '${name}'`, () => checkPolygon(polygon));
    return { name, isWatched: !ignore, polygon };
  });
}

function checkZoneName(name: string): void {
  if (name.trim() === "" || printable(name) !== name || Buffer.byteLength(name) > MAX_ZONE_NAME_BYTES)
    throw new UsageError(
      `'${name}' is not a name of a zone: write 1 to ${MAX_ZONE_NAME_BYTES} bytes of printable text`,
    );
}

function cornersOf({ name, rectangle, polygon }: ZoneOptions): readonly SharePoint[] {
  if ((rectangle === undefined) === (polygon === undefined))
    throw new UsageError(`the zone '${name}' needs either a rectangle or a polygon`);
  return polygon ?? checkAs(`the zone '${name}'`, () => cornersOfRectangle(rectangle as NonNullable<typeof rectangle>));
}

/** Returns the corners of a rectangle. Throws UsageError if it has no area. */
function cornersOfRectangle([x, y, width, height]: readonly [number, number, number, number]): SharePoint[] {
  if (!(width > 0 && height > 0))
    throw new UsageError(`has the size ${width} × ${height}: after x and y, write a width and a height above 0`);
  // 0.7 + 0.3 is slightly more than 1 in binary fractions.
  const [right, bottom] = [x + width, y + height].map((edge) => Math.round(edge * 1e9) / 1e9) as [number, number];
  return [
    [x, y],
    [right, y],
    [right, bottom],
    [x, bottom],
  ];
}

/** Refuses a zone on the command line. The settings file has its own schema for zones. */
export function parseZone(_: string): ZoneOptions {
  throw new UsageError('must be a table, for example { name = "door", rectangle = [0, 0, 0.5, 0.5] }');
}

const RECTANGLE = "must be [x, y, width, height] in shares of the picture, for example [0, 0, 0.5, 0.5]";
const POLYGON = "must be a list of corners in shares of the picture, for example [[0, 0], [1, 0], [1, 1]]";

const share = (message: string) => v.custom<number>((value) => typeof value === "number", message);

/** The schema of `zones` of one camera. */
export const ZONES = v.pipe(
  v.array(
    v.strictObject({
      name: v.pipe(v.string("must be text"), checked(checkZoneName)),
      ignore: v.optional(v.boolean("must be true or false")),
      rectangle: v.optional(
        v.pipe(
          v.strictTuple([share(RECTANGLE), share(RECTANGLE), share(RECTANGLE), share(RECTANGLE)], RECTANGLE),
          checked((rectangle) => checkPolygon(cornersOfRectangle(rectangle))),
        ),
      ),
      polygon: v.optional(
        v.pipe(
          v.array(v.strictTuple([share(POLYGON), share(POLYGON)], POLYGON), POLYGON),
          checked((polygon) => checkPolygon(polygon)),
        ),
      ),
    }),
    "must be a list of tables: write [[cameras.zones]] before each zone's settings",
  ),
  checked((zones) => void resolveZones(zones)),
);
