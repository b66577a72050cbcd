// The route `/clip`: seconds of the past of a camera as a Matroska file.

import { MissingError, messageOf } from "../../../core/errors.ts";
import { ClipGone, ClipLater, noPastText, type SavedClip } from "../../deliver/saved-clip.ts";
import { numberIn } from "./parameters.ts";
import { type Route, textResponse, type WebHost, type WebRequest } from "./request.ts";
import { refusalResponse } from "./stream.ts";

const DEFAULT_SECONDS = 30;
const MAX_SECONDS = 3600;
const CHUNK_BYTES = 256 * 1024;
/** A client that takes no bytes for this time gets no more. */
const IDLE_SECONDS = 30;
/** The header of an answer that tells how many seconds are kept. */
const KEPT = "x-slipstream-past-seconds";
const CLIP_TYPE = "video/matroska";

export function clipRoutes(host: WebHost): Route[] {
  return [{ path: "/clip", perCamera: true, handle: (request) => answerClip(request, host) }];
}

async function answerClip(request: WebRequest, { reception, log }: WebHost): Promise<Response> {
  const { ip, address, role, url } = request;
  const seconds = numberIn(url.searchParams, "seconds", 1, MAX_SECONDS) ?? DEFAULT_SECONDS;
  if (typeof seconds === "string") return textResponse(400, seconds);
  const ago = numberIn(url.searchParams, "ago", 0, MAX_SECONDS) ?? 0;
  if (typeof ago === "string") return textResponse(400, ago);
  const name = request.camera === "" ? (url.searchParams.get("camera") ?? "") : request.camera;
  const camera = reception.findCamera({ name, wantsPictures: true, connection: { ip, address }, role });
  if ("reason" in camera) return refusalResponse(camera);
  if (camera.clips == null) return textResponse(404, noPastText(camera.name));
  const headers = { "content-type": CLIP_TYPE, [KEPT]: String(camera.clips.keptSeconds) };
  if (request.request.method === "HEAD") return new Response(null, { headers });
  request.keepOpen(IDLE_SECONDS);
  try {
    const { signal } = request.request;
    return send(await camera.clips.clip(seconds, signal, ago), signal, headers);
  } catch (error) {
    const why = messageOf(error);
    if (error instanceof ClipGone) return textResponse(410, why);
    if (error instanceof ClipLater) return textResponse(503, why, { "retry-after": "5" });
    if (error instanceof MissingError) return textResponse(501, why);
    log.warning(why);
    return textResponse(500, why);
  }
}

function send(clip: SavedClip, signal: AbortSignal, headers: Record<string, string>): Response {
  signal.addEventListener("abort", () => void clip.close(), { once: true });
  const disposition = `attachment; filename*=UTF-8''${encodeURIComponent(clip.name)}`;
  return new Response(bodyOf(clip), { headers: { ...headers, "content-disposition": disposition } });
}

/** Returns the bytes of the clip, which are read as fast as the client takes them. */
function bodyOf(clip: SavedClip): ReadableStream<Uint8Array<ArrayBuffer>> {
  let isWhole = false;
  return new ReadableStream({
    start(controller) {
      void clip.closed.then(() => {
        if (!isWhole) controller.error(new Error("the client has taken no bytes, or is gone"));
      });
    },
    async pull(controller) {
      const bytes = await clip.read(CHUNK_BYTES);
      if (bytes !== null) {
        controller.enqueue(bytes);
        return;
      }
      isWhole = true;
      controller.close();
      await clip.close();
    },
    cancel: () => clip.close(),
  });
}
