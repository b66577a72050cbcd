// The part of `bench fan-out` with footage in which everything moves. Many viewers alternately get it from Slipstream, which encodes it,
// from Slipstream as the JPEGs of a camera, which it passes on, and over HTTP from ustreamer, which gets the same JPEGs from a fake camera.

import type { Size } from "../src/core/pixel-format.ts";
import { median } from "../src/core/statistics.ts";
import { round } from "./bench.ts";
import { type Draining, measureDraining } from "./draining.ts";
import { feedFrames, looped } from "./frame-feeder.ts";
import { JpegFolder } from "./peers/jpeg-folder.ts";
import { hasUstreamer, startUstreamer } from "./peers/ustreamer.ts";
import { measureMany, takePictures } from "./plain-clients.ts";
import { startFedServer, startFootageServer } from "./processes.ts";

const SIZE: Size = { width: 1280, height: 720 };
const FPS = 30;

export type Way = "encoded" | "passed on" | "ustreamer";

/** The figures of one way, as medians over the rounds. */
export interface WayFigures {
  leastFps: number;
  serverCores: number;
}

export interface FootageFigures {
  viewers: number;
  kilobytesPerFrame: number;
  /** A way is missing if its program is not installed. */
  ways: Partial<Record<Way, WayFigures>>;
}

interface Lengths {
  viewers: number;
  rounds: number;
  rampUpMs: number;
  measuredMs: number;
}

export async function measureFootage(lengths: Lengths, progress: (text: string) => void): Promise<FootageFigures> {
  const { viewers, rounds, measuredMs } = lengths;
  const jpegs = await picturesOfFootage();
  const measured: Partial<Record<Way, WayFigures[]>> = {};
  const note = (way: Way, figures: WayFigures) => {
    measured[way] = [...(measured[way] ?? []), figures];
  };
  for (let turn = 1; turn <= rounds; turn++) {
    const say = (way: Way) => progress(`fan-out: ${viewers} viewers of moving footage, round ${turn}, ${way}`);
    say("encoded");
    note("encoded", figuresOf(await measureEncoded(lengths)));
    say("passed on");
    note("passed on", figuresOf(await measurePassedOn(jpegs, lengths)));
    if (!hasUstreamer()) continue;
    say("ustreamer");
    await using folder = await JpegFolder.create(jpegs);
    await using other = await startUstreamer(folder, FPS);
    const { leastFps, cores } = await measureMany(other, viewers, measuredMs / 1000);
    note("ustreamer", { leastFps, serverCores: cores });
  }
  const middle = (all: readonly WayFigures[], of: (each: WayFigures) => number) => round(median(all.map(of)) ?? 0);
  const ways = Object.entries(measured).map(([way, all]) => [
    way,
    { leastFps: middle(all, (each) => each.leastFps), serverCores: middle(all, (each) => each.serverCores) },
  ]);
  const bytes = jpegs.reduce((sum, { length }) => sum + length, 0);
  return { viewers, kilobytesPerFrame: Math.round(bytes / jpegs.length / 1000), ways: Object.fromEntries(ways) };
}

function figuresOf({ fps, serverCores }: Draining): WayFigures {
  return { leastFps: fps.min, serverCores };
}

/** Pictures of the footage as the server encodes them. */
async function picturesOfFootage(): Promise<Uint8Array[]> {
  const server = await startFootageServer({ kind: "moving", size: SIZE, fps: FPS, flags: ["--http"] });
  try {
    return await takePictures(server.latest().http?.port ?? 0);
  } finally {
    await server.stop();
  }
}

async function measureEncoded(lengths: Lengths): Promise<Draining> {
  const server = await startFootageServer({ kind: "moving", size: SIZE, fps: FPS });
  try {
    return await measureDraining(server, lengths.viewers, lengths);
  } finally {
    await server.stop();
  }
}

async function measurePassedOn(jpegs: readonly Uint8Array[], lengths: Lengths): Promise<Draining> {
  const server = await startFedServer(["--pixel-format", "mjpeg"]);
  const feeding = feedFrames(server.input, FPS, looped(jpegs));
  try {
    return await measureDraining(server, lengths.viewers, lengths);
  } finally {
    await feeding.stop();
    await server.stop();
  }
}
