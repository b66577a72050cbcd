// A simulation with a virtual clock: a camera, the server's real Credit, a link and a viewer.

import { expect } from "bun:test";
import type { Ack } from "../../src/protocol/messages.ts";
import { Credit } from "../../src/server/deliver/credit.ts";

export interface Setting {
  /** The interval of the camera. All times are in microseconds. */
  source: number;
  /** The delay of the link in one direction. */
  delay: number;
  /** The time that the link takes for the bytes of one picture. */
  transfer: number;
  /** The time that the viewer works on one picture. */
  work: number;
  /** The number of pictures on which the viewer works at the same time. */
  threads: number;
}

interface Outcome {
  shownPerSecond: number;
  /** Median and maximum of the age of shown pictures, without the times of link and viewer themselves. */
  extraMedian: number;
  extraWorst: number;
}

const LENGTH = 20_000_000;
const SETTLED = 4_000_000;

/** Events at virtual times. They run in order. */
export class Agenda {
  now = 0;
  #events: { at: number; run: () => void }[] = [];

  at(time: number, run: () => void): void {
    const index = this.#events.findLastIndex((event) => event.at <= time) + 1;
    this.#events.splice(index, 0, { at: time, run });
  }

  runUntil(end: number): void {
    for (let event = this.#events.shift(); event !== undefined && event.at <= end; event = this.#events.shift()) {
      this.now = event.at;
      event.run();
    }
  }
}

/** Runs the simulation. The link is a queue, and the viewer's threads take the newest picture. */
export function simulate(setting: Setting): Outcome {
  const { source, delay, transfer, work, threads } = setting;
  const agenda = new Agenda();
  const credit = new Credit();
  let newest: { frame: number; capturedAt: number } | null = null;
  let linkFreeAt = 0;
  let arrived: { frame: number; capturedAt: number } | null = null;
  let busy = 0;
  let lastShown = 0;
  const shown: { at: number; age: number }[] = [];

  const capture = (frame: number) => {
    newest = { frame, capturedAt: agenda.now };
    send();
    agenda.at(frame * source, () => capture(frame + 1));
  };
  const send = () => {
    if (newest === null || !credit.available) return;
    const picture = newest;
    newest = null;
    credit.sent(picture.frame);
    linkFreeAt = Math.max(linkFreeAt, agenda.now) + transfer;
    agenda.at(linkFreeAt + delay, () => arrive(picture));
  };
  const acknowledge = (frame: number, outcome: Ack["outcome"]) => {
    const ack = { frameNumber: frame, outcome, transferMicros: transfer, workMicros: work, paceMicros: work / threads };
    agenda.at(agenda.now + delay, () => {
      expect(credit.acknowledged(ack, 2 * delay, source)).toBe(true);
      send();
    });
  };
  const arrive = (picture: { frame: number; capturedAt: number }) => {
    if (arrived !== null) acknowledge(arrived.frame, "dropped");
    arrived = picture;
    decode();
  };
  const decode = () => {
    const picture = arrived;
    if (picture === null || busy === threads) return;
    arrived = null;
    busy++;
    agenda.at(agenda.now + work, () => {
      busy--;
      expect(picture.frame).toBeGreaterThan(lastShown);
      lastShown = picture.frame;
      if (agenda.now > SETTLED) shown.push({ at: agenda.now, age: agenda.now - picture.capturedAt });
      acknowledge(picture.frame, "shown");
      decode();
    });
  };
  agenda.at(0, () => capture(1));
  agenda.runUntil(LENGTH);
  const extra = shown.map(({ age }) => age - (delay + transfer + work)).toSorted((a, b) => a - b);
  return {
    shownPerSecond: (shown.length * 1e6) / (LENGTH - SETTLED),
    extraMedian: extra[extra.length >> 1] ?? Number.NaN,
    extraWorst: extra.at(-1) ?? Number.NaN,
  };
}
