// Presenter with a screen in memory: order, newest picture first, alarms, acknowledgements, and slots that are released once.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Arena } from "../../../src/codec/memory/arena.ts";
import { FrameSlots } from "../../../src/codec/memory/frame-slots.ts";
import type { Origin } from "../../../src/protocol/origin.ts";
import type { DecodedPicture } from "../../../src/client/picture.ts";
import { type FrameWriter, Presenter } from "../../../src/client/present/presenter.ts";
import { type CameraState, ViewFigures } from "../../../src/client/figures.ts";
import { overlayLines } from "../../../src/client/report-text.ts";
import { Trouble } from "../../../src/client/trouble.ts";
import { nowMicros } from "../../../src/core/clock.ts";
import type { ShareBox } from "../../../src/core/motion.ts";
import { until } from "../../support/wait-until.ts";
import { moveClock, resetClock } from "../../support/moved-clock.ts";
import { MemoryScreen } from "../../support/memory-screen.ts";
import { openConnection, type RealConnection } from "../../support/real-connection.ts";

let first: RealConnection;
let screen: MemoryScreen;
let figures: ViewFigures;
let trouble: Trouble;
let state: CameraState;
let presenter: Presenter;
let stopping: AbortController;
let movingBox: ShareBox | null = null;
let slotsFreed: number;
let released: number[];
let broken: unknown[];
/** Grey copies that are still being made. The copy of frame n is shown as frame 100 + n. */
let greying: { frame: number; finish: () => void }[];

function create(output: FrameWriter | null = null): void {
  screen = new MemoryScreen();
  figures = new ViewFigures();
  trouble = new Trouble();
  state = { server: "", source: "", connected: false, connections: 0, stream: null };
  slotsFreed = 0;
  released = [];
  broken = [];
  greying = [];
  stopping = new AbortController();
  presenter = new Presenter(
    {
      screen,
      output,
      figures,
      trouble,
      decodeThreads: 2,
      grey(picture, done) {
        const frame = picture.pixels[0] as number;
        const finish = () => done({ ...picture, pixels: picture.pixels.map((level) => level + 100) });
        greying.push({ frame, finish });
        return true;
      },
      stopped: stopping.signal,
    },
    {
      slotReleased: () => slotsFreed++,
      pictureShown: () => undefined,
      presenterFailed: (reason) => broken.push(reason),
      overlayLines: () => overlayLines(report(), figures),
      movingBox: () => movingBox,
    },
  );
}

const report = () => figures.report(state, trouble);

beforeEach(async () => {
  first = await openConnection();
  create();
});
afterEach(() => {
  first.close();
  resetClock();
});

function decoded(frameNumber: number, origin: Origin = first.connection, ageMicros = 9000): DecodedPicture {
  const slot = new FrameSlots(Arena.create(), 16, 1).acquire();
  if (slot === null) throw new Error("no slot");
  slot.bytes.fill(frameNumber);
  const now = nowMicros();
  const stamps = {
    capturedAt: now - ageMicros,
    encodedAt: now - 8000,
    sentAt: now - 7000,
    firstByteAt: now - 6000,
    lastByteAt: now - 5000,
  };
  return {
    width: 2,
    height: 2,
    received: { frameNumber, ...stamps, bytes: 1, origin },
    isRepeat: false,
    isDamaged: false,
    slot: {
      ...slot,
      release() {
        slot.release(); // throws if the slot is released twice
        released.push(frameNumber);
      },
    },
    pixels: slot.bytes,
    workMicros: 3000,
    busyMicros: 3000,
    decodedAt: now,
    jpeg: () => new Uint8Array([frameNumber]),
  };
}

/** Offers pictures one after the other, each after the one before was shown or dropped. */
async function show(...frames: number[]): Promise<void> {
  for (const frame of frames) {
    presenter.offer(decoded(frame));
    await Bun.sleep(0);
  }
}

describe("Presenter: order of pictures", () => {
  test("Presenter: shows pictures in order, acknowledges each, and releases the one before", async () => {
    await show(1, 2, 3);
    expect(screen.frames).toEqual([1, 2, 3]);
    expect(released).toEqual([1, 2]);
    expect(slotsFreed).toBe(2);
    await until(() => first.acks.length === 3, "three Acks");
    expect(first.acks.map(({ frameNumber, outcome }) => `${frameNumber} ${outcome}`)).toEqual([
      "1 shown",
      "2 shown",
      "3 shown",
    ]);
    expect(first.acks[0]?.transferMicros).toBe(1000);
    expect(first.acks[0]?.workMicros).toBeGreaterThanOrEqual(3000);
    expect(first.acks[0]?.paceMicros).toBeGreaterThanOrEqual(1500);
    expect(presenter.currentFrameNumber).toBe(3);
    expect(presenter.currentJpeg()).toEqual(new Uint8Array([3]));
    expect(report()).toMatchObject({ frames: 3, dropped: 0, width: 2 });
  });

  test("Presenter: reports the latency of shown pictures", async () => {
    // The picture is older than the error of the clock offset on a busy machine.
    presenter.offer(decoded(1, first.connection, 500_000));
    expect(report().latencyMs.p50).toBeGreaterThan(0);
  });

  test("Presenter: drops and acknowledges a picture that is older than the shown one", async () => {
    await show(5, 4, 6);
    expect(screen.frames).toEqual([5, 6]);
    expect(figures.drops.byReason.late).toBe(1);
    await until(() => first.acks.length === 3, "three Acks");
    expect(first.acks.map(({ frameNumber, outcome }) => `${frameNumber} ${outcome}`)).toEqual([
      "5 shown",
      "4 dropped",
      "6 shown",
    ]);
    expect(released).toEqual([4, 5]);
  });

  test("Presenter: the newest picture wins while the screen is busy", async () => {
    screen.slow = true;
    for (const frame of [1, 2, 3, 4]) presenter.offer(decoded(frame));
    expect(screen.frames).toEqual([1]);
    await screen.finish();
    await screen.finish();
    expect(screen.frames).toEqual([1, 4]);
    expect(figures.drops.byReason.stale).toBe(2);
    await until(() => first.acks.length === 4, "four Acks");
    expect(first.acks.map(({ frameNumber, outcome }) => `${frameNumber} ${outcome}`)).toEqual([
      "2 dropped",
      "3 dropped",
      "1 shown",
      "4 shown",
    ]);
    expect(released.toSorted()).toEqual([1, 2, 3]);
    expect(slotsFreed).toBe(3);
  });

  test("Presenter: after the end it shows neither the waiting picture nor later ones", async () => {
    screen.slow = true;
    presenter.offer(decoded(1));
    presenter.offer(decoded(2));
    stopping.abort();
    await screen.finish();
    presenter.offer(decoded(3));
    expect(screen.frames).toEqual([1]);
    expect(figures.frames).toBe(1);
  });

  test("Presenter: drops a picture that is older than the one that is being shown", async () => {
    screen.slow = true;
    presenter.offer(decoded(5));
    presenter.offer(decoded(4));
    await screen.finish();
    expect(screen.frames).toEqual([5]);
    expect(figures.drops.byReason.late).toBe(1);
  });

  test("Presenter: shows frame 1 of another connection after frame 50", async () => {
    const second = await openConnection();
    await show(50);
    presenter.offer(decoded(1, second.connection));
    await until(() => second.acks.length === 1, "the Ack");
    second.close();
    expect(screen.frames).toEqual([50, 1]);
    expect(figures.drops.total).toBe(0);
  });
});

describe("Presenter: repeats (frames without changes)", () => {
  const repeat = (of: DecodedPicture, frameNumber: number): DecodedPicture => ({
    ...of,
    received: { ...of.received, frameNumber },
    isRepeat: true,
  });

  test("Presenter: acknowledges a frame that repeats the shown picture, without drawing it or releasing a slot", async () => {
    const picture = decoded(1);
    presenter.offer(picture);
    await Bun.sleep(0);
    for (const frame of [2, 3]) {
      presenter.offer(repeat(picture, frame));
      await Bun.sleep(0);
    }
    expect(screen.frames).toEqual([1]);
    expect(presenter.currentFrameNumber).toBe(3);
    expect(figures.frames).toBe(3);
    expect(released).toEqual([]);
    await show(4);
    expect(released).toEqual([1]);
    await until(() => first.acks.length === 4, "four Acks");
    expect(first.acks.map(({ frameNumber, outcome }) => `${frameNumber} ${outcome}`)).toEqual([
      "1 shown",
      "2 shown",
      "3 shown",
      "4 shown",
    ]);
  });

  test("Presenter: draws a repeated picture if the overlay or the alarm has changed", async () => {
    const picture = decoded(1);
    presenter.offer(picture);
    await Bun.sleep(0);
    moveClock(3);
    presenter.tick();
    expect(screen.alarm).toBe("no new picture for 3 s");
    presenter.offer(repeat(picture, 2));
    await Bun.sleep(0);
    expect(screen.alarm).toBeNull();
    expect(screen.frames).toEqual([1, 1, 1]);
  });

  test("Presenter: a repeat takes the place and the slot of the waiting picture", async () => {
    screen.slow = true;
    presenter.offer(decoded(1));
    const waiting = decoded(2);
    presenter.offer(waiting);
    presenter.offer(repeat(waiting, 3));
    presenter.offer(repeat(waiting, 4));
    await screen.finish();
    await screen.finish();
    expect(screen.frames).toEqual([1, 2]);
    expect(presenter.currentFrameNumber).toBe(4);
    expect(figures.drops.byReason.stale).toBe(2);
    presenter.offer(decoded(5));
    await screen.finish();
    expect(released).toEqual([1, 2]);
  });

  test("Presenter: drops a repeat of a dropped picture", async () => {
    const old = decoded(4);
    await show(5);
    presenter.offer(old);
    presenter.offer(repeat(old, 6));
    expect(figures.drops.byReason.late).toBe(2);
    expect(released).toEqual([4]);
  });
});

describe("Presenter: alarms over the picture", () => {
  test("Presenter: shows an alarm over a blank picture before the first picture", () => {
    presenter.refresh();
    expect(screen.shown.at(-1)).toMatchObject({ frame: 0, overlay: { alarm: "no picture yet" } });
    presenter.setRemark("waiting for camera:10050");
    expect(screen.alarm).toBe("waiting for camera:10050");
  });

  test("Presenter: counts the seconds since the last picture, from the first second on", async () => {
    await show(1);
    expect(screen.alarm).toBeNull();
    moveClock(0.5);
    presenter.tick();
    expect(screen.shown.length).toBe(1);
    moveClock(1.2);
    presenter.tick();
    presenter.tick();
    expect(screen.shown.length).toBe(2);
    expect(screen.shown.at(-1)).toMatchObject({ frame: 1, overlay: { alarm: "no new picture for 1 s" } });
    moveClock(7.5);
    presenter.setRemark("unplugged");
    expect(screen.alarm).toBe("unplugged");
    presenter.setRemark(null);
    await show(2);
    expect(screen.shown.at(-1)).toMatchObject({ frame: 2, overlay: { alarm: null } });
  });

  test("Presenter: keeps a remark over new pictures until the remark ends", async () => {
    presenter.setRemark("trouble");
    await show(1, 2);
    expect(screen.alarm).toBe("trouble");
    presenter.setRemark(null);
    expect(screen.shown.at(-1)).toMatchObject({ frame: 2, overlay: { alarm: null } });
  });

  test("Presenter: a pause is marked as paused, not as an old picture", async () => {
    await show(1);
    presenter.setPaused(true);
    expect(screen.shown.at(-1)).toMatchObject({ frame: 1, overlay: { alarm: "paused" } });
    moveClock(60);
    presenter.tick();
    expect(screen.alarm).toBe("paused");
    presenter.setPaused(false);
    expect(screen.alarm).toContain("no new picture");
  });

  test("Presenter: the mark stays when a picture arrives after the pause began", async () => {
    await show(1);
    presenter.setPaused(true);
    await show(2);
    presenter.tick();
    expect(screen.alarm).toBe("paused");
  });

  test("Presenter: marks the picture of a hidden screen, and reports no trouble without pictures", async () => {
    trouble.setRate(30);
    await show(1);
    presenter.setHidden(true);
    await show(2); // this picture was already on its way
    expect(screen.shown.at(-1)).toMatchObject({ frame: 2, overlay: { alarm: "paused while hidden" } });
    const { length } = screen.shown;
    moveClock(60);
    presenter.tick();
    expect(screen.shown.length).toBe(length);
    expect([trouble.text, trouble.isPictureOld]).toEqual([null, false]);
    presenter.setRemark("/dev/video0 is not there any more");
    expect(screen.alarm).toContain("/dev/video0 is not there any more");
  });

  test("Presenter: a screen that becomes visible waits for a new picture", async () => {
    await show(1);
    presenter.setHidden(true);
    moveClock(60);
    const { length } = screen.shown;
    presenter.setHidden(false);
    presenter.refresh(); // the window asks for a redraw
    presenter.tick();
    expect(screen.shown.length).toBe(length);
    await show(2);
    expect(screen.shown.slice(length)).toMatchObject([{ frame: 2, overlay: { alarm: null } }]);
    presenter.refresh();
    expect(screen.shown.length).toBe(length + 2);
  });

  test("Presenter: a screen that becomes visible marks its picture as old if no new one comes soon", async () => {
    await show(1);
    presenter.setHidden(true);
    moveClock(60);
    presenter.setHidden(false);
    for (let ticks = 0; ticks < 2; ticks++) presenter.tick();
    expect(screen.shown.at(-1)).toMatchObject({ frame: 1, overlay: { alarm: "no new picture for 60 s" } });
  });

  test("Presenter: a paused screen that becomes visible shows its picture at once", async () => {
    await show(1);
    presenter.setPaused(true);
    presenter.setHidden(true);
    const { length } = screen.shown;
    presenter.setHidden(false);
    presenter.refresh();
    expect(screen.shown.slice(length)).toMatchObject([{ frame: 1, overlay: { alarm: "paused" } }]);
  });

  test("Presenter: greys the last picture during trouble, with its cause and duration", async () => {
    trouble.setRate(30);
    await show(1);
    presenter.setRemark("/dev/video0 is not there any more");
    presenter.tick();
    presenter.tick();
    expect(greying.map(({ frame }) => frame)).toEqual([1]);
    expect(screen.shown.at(-1)).toMatchObject({ frame: 1, overlay: { alarm: "/dev/video0 is not there any more" } });
    greying[0]?.finish();
    expect(screen.shown.at(-1)).toMatchObject({ frame: 101 });
    moveClock(12.5);
    presenter.tick();
    const alarm = "/dev/video0 is not there any more - for 12 s";
    expect(screen.shown.at(-1)).toMatchObject({ frame: 101, overlay: { alarm } });
    presenter.toggleOverlay();
    expect(screen.shown.at(-1)).toMatchObject({ frame: 101 });
    presenter.toggleOverlay();
    expect(report()).toMatchObject({ trouble: "/dev/video0 is not there any more", troubleSeconds: 12.5 });
    presenter.setRemark(null);
    expect(screen.shown.at(-1)).toMatchObject({ frame: 101 }); // the trouble is over, but the screen still shows the old picture
    await show(2);
    expect(screen.shown.at(-1)).toMatchObject({ frame: 2, overlay: { alarm: null } });
    expect(report()).toMatchObject({ trouble: null, troubleSeconds: 0 });
    presenter.tick();
    expect(greying.length).toBe(1);
  });

  test("Presenter: a frame that repeats the shown picture replaces its grey copy", async () => {
    const picture = decoded(1);
    presenter.offer(picture);
    await Bun.sleep(0);
    presenter.setRemark("trouble");
    presenter.tick();
    greying[0]?.finish();
    presenter.setRemark(null);
    expect(screen.frames.at(-1)).toBe(101);
    presenter.offer({ ...decoded(2), slot: picture.slot, pixels: picture.pixels, isRepeat: true });
    await Bun.sleep(0);
    expect(screen.shown.at(-1)).toMatchObject({ frame: 1, overlay: { alarm: null } });
  });

  test("Presenter: a viewer that connects later greys a picture from before the trouble", async () => {
    trouble.setRate(30);
    presenter.setRemark("/dev/video0 is not there any more", 3600e6);
    presenter.offer({ ...decoded(1), received: { ...decoded(1).received, capturedAt: nowMicros() - 3601e6 } });
    await Bun.sleep(0);
    expect(greying.map(({ frame }) => frame)).toEqual([1]);
    greying[0]?.finish();
    expect(screen.shown.at(-1)).toMatchObject({
      frame: 101,
      overlay: { alarm: "/dev/video0 is not there any more - for 3600 s" },
    });
    await show(2); // this picture was captured after the trouble began
    expect(screen.shown.at(-1)).toMatchObject({ frame: 2 });
    expect(greying.length).toBe(1);
  });

  test("Presenter: does not show a grey copy of a picture that was replaced meanwhile", async () => {
    await show(1);
    presenter.setRemark("trouble");
    presenter.tick();
    moveClock(0.02); // the next picture is captured after the trouble began
    await show(2);
    greying[0]?.finish();
    expect(screen.frames.at(-1)).toBe(2);
    presenter.tick();
    expect(greying.length).toBe(1); // pictures come again, so no copy is needed
  });

  test("Presenter: 2 s without a picture are trouble only if the source's rate is known", async () => {
    await show(1);
    moveClock(5);
    presenter.tick();
    expect([greying.length, report().trouble]).toEqual([0, null]);
    trouble.setRate(30);
    await show(2);
    moveClock(6);
    presenter.tick();
    expect(greying.length).toBe(0);
    moveClock(7.1);
    presenter.tick();
    expect(greying.map(({ frame }) => frame)).toEqual([2]);
    expect(screen.alarm).toBe("no new picture for 2 s");
    expect(report()).toMatchObject({ trouble: "no new picture", troubleSeconds: 2.1 });
    await show(3);
    expect(report().trouble).toBeNull();
  });

  test("Presenter: during a pause and right after it, no trouble is reported", async () => {
    trouble.setRate(30);
    await show(1);
    presenter.setPaused(true);
    await show(2);
    moveClock(60);
    presenter.tick();
    presenter.setPaused(false);
    presenter.tick();
    expect(greying.length).toBe(0);
    moveClock(62.1);
    presenter.tick();
    expect(greying.length).toBe(1);
  });

  test("Presenter: never writes grey frames to the output", async () => {
    const written: number[] = [];
    create({ write: async ({ pixels }) => void written.push(pixels[0] as number) });
    await show(1);
    presenter.setRemark("trouble");
    presenter.tick();
    greying[0]?.finish();
    expect(screen.frames.at(-1)).toBe(101);
    await show(2);
    expect(written).toEqual([1, 2]);
  });

  test("overlayLines: has the sizes of picture and source, the quality and the codec", async () => {
    state.source = "vtest.mp4";
    const stream = { codec: "simd", quality: 50, sourceWidth: 1280, sourceHeight: 720 };
    state.stream = stream;
    presenter.toggleOverlay();
    await show(1);
    expect(screen.shown.at(-1)?.overlay.lines[0]).toContain("vtest.mp4");
    expect(overlayLines(report(), figures)[0]).toBe("vtest.mp4 2×2 of 1280×720 q50 simd");
    state.stream = { ...stream, quality: 0, sourceWidth: 2, sourceHeight: 2 };
    expect(overlayLines(report(), figures)[0]).toBe("vtest.mp4 2×2 simd");
    expect(report()).toMatchObject({ quality: 0, sourceWidth: 2, sourceHeight: 2, codec: "simd" });
  });

  test("Presenter: the box of motion belongs to the overlay of a live picture", async () => {
    movingBox = { x: 0.25, y: 0.5, width: 0.5, height: 0.25 };
    await show(1);
    expect(screen.shown.at(-1)?.overlay.box).toBeNull();
    presenter.toggleOverlay();
    expect(screen.shown.at(-1)?.overlay.box).toEqual(movingBox);
    presenter.setRemark("the camera is gone");
    expect(screen.shown.at(-1)?.overlay.box).toBeNull();
    presenter.setRemark(null);
    await show(2);
    expect(screen.shown.at(-1)?.overlay.box).toEqual(movingBox);
    movingBox = null;
    await show(3);
    expect(screen.shown.at(-1)?.overlay.box).toBeNull();
  });

  test("Presenter: shows and hides the overlay", async () => {
    await show(1);
    presenter.toggleOverlay();
    expect(screen.shown.at(-1)?.overlay.lines.length).toBe(4);
    presenter.toggleOverlay();
    expect(screen.shown.at(-1)?.overlay.lines).toEqual([]);
  });
});

describe("Presenter: the past", () => {
  const past = (frame: number, secondsAgo: number) => decoded(frame, first.connection, secondsAgo * 1e6 + 300_000);

  test("Presenter: a picture of the past is shown instead of new ones, which are acknowledged, until the past ends", async () => {
    await show(1);
    presenter.setPast(past(50, 12));
    expect([screen.frames.at(-1), screen.alarm]).toEqual([50, "the past, 12 s ago"]);
    expect(presenter.currentJpeg()).toEqual(new Uint8Array([50]));
    await show(2, 3);
    presenter.setPast(past(49, 13));
    expect(screen.frames).toEqual([1, 50, 49]);
    expect(released).toEqual([1, 2, 50]);
    await until(() => first.acks.length === 3, "three Acks");
    expect(first.acks.map(({ outcome }) => outcome)).toEqual(["shown", "shown", "shown"]);
    presenter.setPast(null);
    expect([screen.frames.at(-1), screen.alarm]).toEqual([3, null]);
    expect(released).toEqual([1, 2, 50, 49]);
    await show(4);
    expect(screen.frames.slice(3)).toEqual([3, 4]);
  });

  test("Presenter: the age of a picture of the past grows, and the stream's trouble does not replace it", async () => {
    await show(1);
    presenter.setPast(past(50, 12));
    expect(presenter.pastMs).toBeGreaterThanOrEqual(12_000);
    moveClock(2);
    expect(presenter.pastMs).toBeGreaterThanOrEqual(14_000);
    presenter.setRemark("the connection is lost");
    presenter.tick();
    expect([screen.frames.at(-1), screen.alarm]).toEqual([50, "the past, 14 s ago"]);
    presenter.setPast(null);
    expect(screen.alarm).toStartWith("the connection is lost");
    expect(presenter.pastMs).toBeNull();
  });

  test("Presenter: while the screen is busy, a picture of the past keeps its slot, and the newest one is shown next", async () => {
    await show(1);
    screen.slow = true;
    presenter.setPast(past(50, 12));
    presenter.setPast(past(49, 12));
    presenter.setPast(past(48, 12));
    expect([screen.frames.at(-1), released]).toEqual([50, [49]]);
    await screen.finish();
    expect([screen.frames.at(-1), released]).toEqual([48, [49, 50]]);
    presenter.setPast(null);
    await screen.finish();
    expect([screen.frames.at(-1), released]).toEqual([1, [49, 50, 48]]);
    await screen.finish();
  });
});

describe("Presenter: output of frames", () => {
  test("Presenter: writes each shown picture before it shows the next one", async () => {
    const written: number[] = [];
    let finish: () => void = () => undefined;
    create({
      write({ pixels }) {
        written.push(pixels[0] as number);
        return new Promise((resolve) => {
          finish = resolve;
        });
      },
    });
    for (const frame of [1, 2, 3]) presenter.offer(decoded(frame));
    expect(screen.frames).toEqual([1]);
    expect(released).toEqual([2]); // this picture was dropped, because the output still holds the one that is being written
    finish();
    await Bun.sleep(0);
    expect(written).toEqual([1, 3]);
    expect(released).toEqual([2, 1]);
  });

  test("Presenter: reports a failed screen or output, and shows nothing after that", async () => {
    const failure = new Error("no display any more");
    screen.failure = failure;
    await show(1);
    expect(broken).toEqual([failure]);
    create({ write: () => Promise.reject(failure) });
    presenter.offer(decoded(1));
    presenter.offer(decoded(2));
    await until(() => broken.length > 0, "the failure");
    expect(broken).toEqual([failure]);
    expect(screen.frames).toEqual([1]);
  });
});
