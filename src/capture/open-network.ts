// Opens the tcp or udp address of a camera. JPEGs are read directly, and ffmpeg reads other video.

import type { Log } from "../core/log.ts";
import { shownAddress } from "../core/shown-address.ts";
import type { NetworkAddress } from "./network/address.ts";
import { createNetworkCamera } from "./network/network-camera.ts";
import { connectTcp } from "./network/tcp-stream.ts";
import { receiveUdp } from "./network/udp-stream.ts";
import type { SourceOptions } from "./open.ts";
import { createFfmpegSource } from "./pipe/ffmpeg.ts";
import { bodyInput } from "./pipe/ffmpeg-input.ts";
import { scaleJpegs } from "./pipe/scaled-jpegs.ts";
import type { Source } from "./source.ts";

export interface NetworkSourceOptions {
  url: string;
  /** The name for people. */
  name: string;
  address: NetworkAddress;
  options: Omit<SourceOptions, "source">;
  log: Log;
}

export function openNetworkSource({ url, name, address, options, log }: NetworkSourceOptions): Source {
  const { size = null, framesPerSecond = null, sampling = "420" } = options;
  const openOther = (body: ReadableStream<Uint8Array>) =>
    createFfmpegSource(bodyInput({ name: shownAddress(url), size, framesPerSecond, body }), { sampling, log });
  const answersByConnecting = address.protocol === "tcp";
  const open = answersByConnecting ? connectTcp : receiveUdp;
  const connect = (signal: AbortSignal) => open(address, name, signal);
  const camera = createNetworkCamera({ name, connect, answersByConnecting, framesPerSecond, openOther });
  return size === null ? camera : scaleJpegs({ source: camera, size, sampling, log });
}
