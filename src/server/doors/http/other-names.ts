// The names of other servers for the stream and the snapshot, so that set-ups for them work here: those of mjpg-streamer and
// go2rtc. ustreamer uses the same names as this server.

import type { Route, WebHost, WebRequest } from "./request.ts";
import { answerSnapshot } from "./snapshot.ts";
import { answerStream } from "./stream.ts";

export function otherNameRoutes(host: WebHost): Route[] {
  const stream = (request: WebRequest) => answerStream(request, host);
  const snapshot = (request: WebRequest) => answerSnapshot(request, host);
  const action = (value: string) => ({ path: "/", query: { name: "action", value }, perCamera: true });
  return [
    { ...action("stream"), handle: stream },
    { ...action("snapshot"), handle: snapshot },
    { path: "/api/stream.mjpeg", handle: (request) => answerStream(request, host, sourceOf(request)) },
    { path: "/api/frame.jpeg", handle: (request) => answerSnapshot(request, host, sourceOf(request)) },
  ];
}

function sourceOf({ url }: WebRequest): string {
  return url.searchParams.get("src") ?? "";
}
