// The routes `/state`, with the fields of ustreamer, and `/api/streams`, with those of go2rtc.

import { maySee, type Role } from "../../access/role.ts";
import type { DoorName } from "../../deliver/audience-member.ts";
import { isWell } from "../../deliver/camera-condition.ts";
import { type Route, textResponse, type WebCamera, type WebHost, type WebRequest } from "./request.ts";
import { refusalResponse } from "./stream.ts";

export function stateRoutes(host: WebHost): Route[] {
  return [
    { path: "/state", perCamera: true, handle: (request) => answerState(request, host) },
    { path: "/api/streams", handle: (request) => answerStreams(request, host) },
  ];
}

function answerState({ ip, address, role, camera: name }: WebRequest, host: WebHost): Response {
  // Unlike pictures, the state of a camera that has ended can be asked for.
  const found = host.reception.findCamera({ name, wantsPictures: false, connection: { ip, address }, role });
  if ("reason" in found) return refusalResponse(found);
  const camera = host.cameras.find(({ audience }) => audience === found);
  if (camera === undefined) return textResponse(404, `there is no camera '${name}'`);
  const cameras = visible(host, role).map(({ name: each }) => each);
  return Response.json({ ok: true, result: { ...stateOf(camera, host), camera: camera.name, cameras } });
}

function stateOf(camera: WebCamera, { reception }: WebHost) {
  const { audience, condition, entry } = camera;
  const { width, height, fps, encodedFps } = camera.report();
  const ofCamera = reception.multipartViewers.filter(({ cameraName }) => cameraName === camera.name);
  const clients = ofCamera.map((viewer, index) => {
    const { advancesHeaders, hasExtraHeaders } = viewer.form;
    return [
      index.toString(16).padStart(16, "0"),
      {
        fps: viewer.frames.framesPerSecond,
        extra_headers: hasExtraHeaders,
        advance_headers: advancesHeaders,
        dual_final_frames: false,
        zero_data: false,
        key: "0",
      },
    ] as const;
  });
  return {
    instance_id: "",
    encoder: { type: "CPU", quality: audience.quality },
    source: {
      resolution: { width, height },
      online: isWell(condition),
      desired_fps: Math.round(entry.framesPerSecond),
      captured_fps: Math.round(fps),
    },
    stream: {
      queued_fps: Math.round(encodedFps),
      clients: clients.length,
      clients_stat: Object.fromEntries(clients),
    },
  };
}

/** The names of doors as go2rtc has them: format and protocol. */
const CONSUMERS: Readonly<Record<DoorName, { format_name: string; protocol: string }>> = {
  tcp: { format_name: "slipstream", protocol: "tcp" },
  tls: { format_name: "slipstream", protocol: "tls" },
  websocket: { format_name: "slipstream", protocol: "ws" },
  mjpeg: { format_name: "mpjpeg", protocol: "http" },
};

function answerStreams({ url, role }: WebRequest, host: WebHost): Response {
  const streams = new Map(visible(host, role).map((camera) => [camera.name, streamOf(camera)]));
  const name = url.searchParams.get("src");
  if (name === null || name === "") return Response.json(Object.fromEntries(streams));
  const stream = streams.get(name);
  return stream === undefined ? textResponse(404, "stream not found") : Response.json(stream);
}

function streamOf({ name, audience, ended }: WebCamera) {
  const doors = Object.entries(audience.countByDoor) as [DoorName, number][];
  return {
    // The addresses of cameras and viewers are not for everybody who may watch.
    producers: [{ url: `slipstream:${name}`, ...(ended === null ? { medias: ["video, recvonly, JPEG"] } : {}) }],
    consumers: doors.flatMap(([door, count]) => Array.from({ length: count }, () => CONSUMERS[door])),
  };
}

function visible({ cameras }: WebHost, role: Role): WebCamera[] {
  return cameras.filter(({ name }) => maySee(role, name));
}
