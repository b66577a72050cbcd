// The route `/snapshot`: the newest picture of a camera as one JPEG.

import { nowMicros } from "../../../core/clock.ts";
import { isWell } from "../../deliver/camera-condition.ts";
import { seconds } from "../../deliver/multipart-form.ts";
import type { Snapshot, SnapshotWish } from "../../deliver/snapshots.ts";
import { hasTag } from "./header-lists.ts";
import { numberIn } from "./parameters.ts";
import { type Route, textResponse, type WebHost, type WebRequest } from "./request.ts";
import { refusalResponse, UNCACHED } from "./stream.ts";

/** Tags of an earlier server must not fit. */
const INSTANCE = nowMicros().toString(36);

export function snapshotRoutes(host: WebHost): Route[] {
  const handle = (request: WebRequest) => answerSnapshot(request, host);
  return [{ path: "/snapshot", perCamera: true, handle }];
}

/** Answers with a picture. `camera` is the name if it is not in the path. */
export async function answerSnapshot(
  request: WebRequest,
  { reception, cameras }: WebHost,
  camera = request.camera,
): Promise<Response> {
  const wish = wishOf(request);
  if (typeof wish === "string") return textResponse(400, wish);
  const { ip, address, role } = request;
  const watched = reception.findCamera({ name: camera, wantsPictures: true, connection: { ip, address }, role });
  if ("reason" in watched) return refusalResponse(watched);
  const snapshot = await reception.snapshots.take(watched, wish);
  if ("reason" in snapshot) return refusalResponse(snapshot);
  const condition = cameras.find(({ audience }) => audience === watched)?.condition;
  const headers = headersOf(snapshot, condition !== undefined && isWell(condition));
  if (hasTag(request.request.headers.get("if-none-match"), headers.etag)) {
    return new Response(null, { status: 304, headers });
  }
  return new Response(snapshot.jpeg.bytes, { headers: { "content-type": "image/jpeg", ...headers } });
}

/** Reads the parameters. `w` is go2rtc's name of the width. Returns what is wrong with them as text. */
function wishOf({ url: { searchParams } }: WebRequest): SnapshotWish | string {
  const width = numberIn(searchParams, searchParams.has("width") ? "width" : "w", 1, 65_535);
  if (typeof width === "string") return width;
  const quality = numberIn(searchParams, "quality", 1, 100);
  return typeof quality === "string" ? quality : { width, quality };
}

function headersOf({ jpeg, changedFrame, level }: Snapshot, isOnline: boolean) {
  const { width, height, frameNumber, capturedAt, encodedAt } = jpeg;
  const now = nowMicros();
  return {
    ...UNCACHED,
    // Tiles are encoded again from time to time without a visible change. So the tag is a weak one (RFC 9110, 8.8.1).
    etag: `W/"${INSTANCE}-${changedFrame}-${width}x${height}-${level?.quality ?? 0}"`,
    "x-slipstream-frame": String(frameNumber),
    "x-slipstream-captured": new Date(capturedAt / 1000).toISOString(),
    "x-slipstream-age-ms": ((now - capturedAt) / 1000).toFixed(1),
    "x-timestamp": seconds(capturedAt),
    "x-ustreamer-online": String(isOnline),
    "x-ustreamer-width": String(width),
    "x-ustreamer-height": String(height),
    "x-ustreamer-grab-begin-timestamp": seconds(capturedAt),
    "x-ustreamer-grab-end-timestamp": seconds(capturedAt),
    "x-ustreamer-encode-begin-timestamp": seconds(capturedAt),
    "x-ustreamer-encode-end-timestamp": seconds(encodedAt),
    "x-ustreamer-send-timestamp": seconds(now),
  };
}
