// A simulation with a virtual clock: a camera, the server's real Credit and Adaptation, a link that changes, and a viewer.

import { median } from "../../src/core/statistics.ts";
import { Adaptation, type AdaptationLimits } from "../../src/server/deliver/quality/adaptation.ts";
import { Budget } from "../../src/server/deliver/budget.ts";
import { Credit } from "../../src/server/deliver/credit.ts";
import { ladder, type Level } from "../../src/server/renditions/ladder.ts";
import { Agenda } from "./link-simulation.ts";

export interface Link {
  /** The delay in one direction, in microseconds. */
  delay: number;
  /** The rate at a time, in bytes a second. */
  rate: (now: number) => number;
}

export interface Scene {
  /** The bytes of a whole picture at the best level. */
  wholeBytes: number;
  /** The share of the picture that changes with each frame. */
  change: number;
  /** The true size of a level's pictures, relative to those of the best level. */
  weight: (level: Level) => number;
}

export interface Run {
  levels: Level[];
  /** For each shown picture: the time when it was replaced, its age then, and its level. */
  shown: { at: number; staleness: number; step: number }[];
  changes: { at: number; step: number }[];
  /** All frames that were sent. */
  sent: { at: number; bytes: number }[];
}

const INTERVAL = 33_333;

export function simulateAdaptive(
  limits: AdaptationLimits,
  link: Link,
  scene: Scene,
  { seconds, work }: { seconds: number; work: number },
): Run {
  const agenda = new Agenda();
  const credit = new Credit();
  const adaptation = new Adaptation(limits);
  const budget = limits.maxBitsPerSecond === null ? null : new Budget(limits.maxBitsPerSecond);
  const levels = ladder({ width: 1920, height: 1080 }, { halvings: 0, quality: 75 });
  const run: Run = { levels, shown: [], changes: [], sent: [] };
  let [step, sentStep, newest, sentFrame, linkFreeAt] = [0, -1, 0, 0, 0];
  let showing: { frame: number; step: number } | null = null;
  const wholeBytes = (of: number) => scene.wholeBytes * scene.weight(levels[of] as Level);

  const capture = (frame: number) => {
    newest = frame;
    send();
    agenda.at(frame * INTERVAL, () => capture(frame + 1));
  };
  const send = () => {
    if (newest <= sentFrame || !credit.available || !(budget?.allows(agenda.now) ?? true)) return;
    const isWhole = sentStep !== step;
    const share = isWhole ? 1 : 1 - (1 - scene.change) ** (newest - sentFrame);
    const picture = { frame: newest, step, isWhole, bytes: Math.ceil(200 + share * wholeBytes(step)) };
    sentStep = step;
    sentFrame = newest;
    credit.sent(newest);
    budget?.spend(picture.bytes);
    run.sent.push({ at: agenda.now, bytes: picture.bytes });
    const begins = Math.max(linkFreeAt, agenda.now);
    const transfer = (picture.bytes * 1e6) / link.rate(begins);
    linkFreeAt = begins + transfer;
    agenda.at(linkFreeAt + link.delay + work, () => {
      if (showing !== null) {
        const staleness = agenda.now - (showing.frame - 1) * INTERVAL;
        run.shown.push({ at: agenda.now, staleness, step: showing.step });
      }
      showing = picture;
      agenda.at(agenda.now + link.delay, () => acknowledge(picture, transfer));
    });
  };
  const acknowledge = (
    picture: { frame: number; step: number; isWhole: boolean; bytes: number },
    transferMicros: number,
  ) => {
    const times = { transferMicros, workMicros: work, paceMicros: work };
    credit.acknowledged({ frameNumber: picture.frame, outcome: "shown", ...times }, 2 * link.delay, INTERVAL);
    const level = levels[picture.step] as Level;
    adaptation.acknowledged({ ...picture, level }, times, agenda.now);
    const next = adaptation.choose(levels, step, {
      now: agenda.now,
      roundTripMicros: 2 * link.delay,
      captureIntervalMicros: INTERVAL,
      wholeBytes: wholeBytes(step),
    });
    if (next !== step) run.changes.push({ at: agenda.now, step: next });
    step = next;
    send();
  };
  agenda.at(0, () => capture(1));
  agenda.runUntil(seconds * 1e6);
  return run;
}

/** The 95th percentile of the age of the pictures that were shown between two times. */
export function staleness95({ shown }: Run, from: number, to: number): number {
  const values = shown.filter(({ at }) => at >= from && at < to).map(({ staleness }) => staleness);
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.95)] ?? Number.NaN;
}

/** The median level of the pictures that were shown between two times. */
export function usualStep({ shown }: Run, from: number, to: number): number {
  return median(shown.filter(({ at }) => at >= from && at < to).map(({ step }) => step)) ?? Number.NaN;
}
