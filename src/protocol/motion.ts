// The message Motion, which tells viewers what moves in the picture. wire.ts has its layout.

import type { Micros } from "../core/clock.ts";
import { ProtocolError } from "../core/errors.ts";
import type { MotionNow, ShareBox } from "../core/motion.ts";
import { BodyReader, MessageWriter } from "./bytes.ts";
import { MAX_MOTION_ZONES, MAX_ZONE_NAME_BYTES, MessageType } from "./wire.ts";

/** All times are in the server's clock. */
export interface Motion extends MotionNow {
  sentAt: Micros;
}

const PHASES = ["start", "update", "end"] as const;
/** The number that stands for the whole picture in a share. */
const WHOLE = 0xffff;
/** The size of everything but the zones, and of the largest zone. */
const FIXED_BYTES = 72;
const ZONE_BYTES = 2 + MAX_ZONE_NAME_BYTES;

/** Writes a Motion message. Zones beyond MAX_MOTION_ZONES are left out. */
export function writeMotion(motion: Motion): Uint8Array {
  const { phase, number, startedAt, movedAt, sentAt, area, height, box, moving, zones } = motion;
  const named = zones.slice(0, MAX_MOTION_ZONES);
  const writer = new MessageWriter(MessageType.motion, FIXED_BYTES + ZONE_BYTES * named.length)
    .u8(PHASES.indexOf(phase))
    .u32(number)
    .u64(startedAt)
    .u64(movedAt)
    .u64(sentAt)
    .u16(shareToWire(area))
    .u16(shareToWire(height.area))
    .u64(height.at);
  writeBox(writer, box);
  writeBox(writer, moving);
  writer.u8(named.length);
  for (const name of named) writer.string(name, MAX_ZONE_NAME_BYTES);
  return writer.finish();
}

export function readMotion(body: Uint8Array): Motion {
  const reader = new BodyReader(body, "Motion");
  const phase = PHASES[reader.u8()];
  if (phase === undefined) throw new ProtocolError("Motion has a phase that is unknown");
  const number = reader.u32();
  const startedAt = reader.u64();
  const movedAt = reader.u64();
  const sentAt = reader.u64();
  const area = reader.u16() / WHOLE;
  const height = { area: reader.u16() / WHOLE, at: reader.u64() };
  const box = readBox(reader);
  const moving = readBox(reader);
  const count = reader.u8();
  if (count > MAX_MOTION_ZONES)
    throw new ProtocolError(`Motion announces ${count} zones, and the limit is ${MAX_MOTION_ZONES}`);
  const zones = Array.from({ length: count }, () => reader.string().slice(0, MAX_ZONE_NAME_BYTES));
  const state = { phase, number, startedAt, movedAt, sentAt, area, height, box, zones };
  return { ...state, moving: moving.width > 0 && moving.height > 0 ? moving : null };
}

function writeBox(writer: MessageWriter, box: ShareBox | null): void {
  const { x, y, width, height } = box ?? { x: 0, y: 0, width: 0, height: 0 };
  for (const edge of [x, y, x + width, y + height]) writer.u16(shareToWire(edge));
}

/** Reads a box. Edges in the wrong order become a box without area. */
function readBox(reader: BodyReader): ShareBox {
  const [left, top, right, bottom] = [reader.u16(), reader.u16(), reader.u16(), reader.u16()];
  return {
    x: left / WHOLE,
    y: top / WHOLE,
    width: Math.max(0, right - left) / WHOLE,
    height: Math.max(0, bottom - top) / WHOLE,
  };
}

function shareToWire(share: number): number {
  return Math.min(WHOLE, Math.max(0, Math.round(share * WHOLE)));
}
