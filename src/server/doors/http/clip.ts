// The route `/clip`: the last seconds of a camera as a Matroska file.

import { messageOf } from "../../../core/errors.ts";
import { type Clip, clipOf, nameOfClip } from "../../past/clip-file.ts";
import { Clips, type MadeClip } from "../../past/clips.ts";
import { numberIn } from "./parameters.ts";
import { type Route, textResponse, type WebHost, type WebRequest } from "./request.ts";
import { refusalResponse } from "./stream.ts";

const DEFAULT_SECONDS = 30;
const MAX_SECONDS = 3600;
const CHUNK_BYTES = 256 * 1024;

export function clipRoutes(host: WebHost): Route[] {
  const clips = new Clips();
  return [{ path: "/clip", perCamera: true, handle: (request) => answerClip(request, host, clips) }];
}

async function answerClip(request: WebRequest, host: WebHost, clips: Clips): Promise<Response> {
  const { reception, cameras, log } = host;
  const { ip, address, role, url } = request;
  const seconds = numberIn(url.searchParams, "seconds", 1, MAX_SECONDS) ?? DEFAULT_SECONDS;
  if (typeof seconds === "string") return textResponse(400, seconds);
  const name = request.camera === "" ? (url.searchParams.get("camera") ?? "") : request.camera;
  const watched = reception.findCamera({ name, wantsPictures: true, connection: { ip, address }, role });
  if ("reason" in watched) return refusalResponse(watched);
  const past = cameras.find(({ audience }) => audience === watched)?.past ?? null;
  if (past === null) {
    return textResponse(404, `the past of ${watched.name} is not kept: start the server with --past 30s`);
  }
  if (Bun.which("ffmpeg") === null) {
    return textResponse(501, "clips need ffmpeg on the server: install it (apt install ffmpeg)");
  }
  if (!clips.hasRoom) {
    return textResponse(503, "other clips are being saved: try again later", { "retry-after": "5" });
  }
  const frames = past.copy();
  if (frames === null) return textResponse(503, `no picture of ${watched.name} came yet`, { "retry-after": "1" });
  const clip = clipOf(frames, seconds);
  const headers = headersOf(watched.name, clip);
  if (request.request.method === "HEAD") return new Response(null, { headers });
  request.keepOpen();
  const { signal } = request.request;
  try {
    const made = await clips.make(clip, signal);
    return new Response(bodyOf(made, reception.access.stallSeconds, signal), { headers });
  } catch (error) {
    const why = messageOf(error);
    if (!signal.aborted) log.warning(why);
    return textResponse(500, why);
  }
}

function headersOf(camera: string, clip: Clip): Record<string, string> {
  const file = encodeURIComponent(nameOfClip(camera, clip));
  return { "content-type": "video/matroska", "content-disposition": `attachment; filename*=UTF-8''${file}` };
}

/** Returns the bytes of the file. They end if the client goes, or takes none for `stallSeconds`. */
function bodyOf(clip: MadeClip, stallSeconds: number, signal: AbortSignal): ReadableStream<Uint8Array<ArrayBuffer>> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const close = async () => {
    if (timer !== null) clearTimeout(timer);
    await clip.close();
  };
  signal.addEventListener("abort", () => void close(), { once: true });
  return new ReadableStream({
    async pull(controller) {
      if (timer !== null) clearTimeout(timer);
      const bytes = await clip.read(CHUNK_BYTES);
      if (bytes === null) {
        controller.close();
        await close();
        return;
      }
      controller.enqueue(bytes);
      timer = setTimeout(() => {
        controller.error(new Error(`the client has taken no bytes for ${stallSeconds} s`));
        void close();
      }, stallSeconds * 1000);
    },
    cancel: close,
  });
}
