// Rounds of sending a frame to many viewers: nobody is left out, the one that waits longest comes first, and the event loop runs in between.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { SendRound } from "../../../src/server/deliver/send-round.ts";
import { resetClock, stopClock } from "../../support/moved-clock.ts";

/** Longer than a round works at a time. */
const SLOW_MS = 2;

let asked: number[];
let advance: (milliseconds: number) => void;
beforeEach(() => {
  asked = [];
  advance = stopClock();
});
afterEach(resetClock);

function sender(number: number, busyMs = 0) {
  return {
    sendNewest() {
      asked.push(number);
      advance(busyMs);
    },
  };
}

/** The next turn of the event loop, after the immediates that are scheduled now. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("SendRound: order and pauses", () => {
  test("SendRound: asks a few senders at once, in their order, and each once", async () => {
    const round = new SendRound();
    for (const number of [1, 2, 3]) round.add(sender(number));
    round.run();
    expect(asked).toEqual([1, 2, 3]);
    round.run();
    await nextTurn();
    expect(asked).toEqual([1, 2, 3]);
  });

  test("SendRound: lets the event loop run after a slow sender, and asks all others in later turns", async () => {
    const round = new SendRound();
    for (const number of [1, 2, 3]) round.add(sender(number, SLOW_MS));
    let turns = 0;
    round.run();
    expect(asked).toEqual([1]);
    while (asked.length < 3) {
      await nextTurn();
      expect(asked.length).toBeLessThanOrEqual(++turns + 1);
    }
    expect(asked).toEqual([1, 2, 3]);
  });

  test("SendRound: with a newer frame, the senders that still wait come first", async () => {
    const round = new SendRound();
    const senders = [1, 2, 3].map((number) => sender(number, SLOW_MS));
    const commit = () => {
      for (const each of senders) round.add(each);
      round.run();
    };
    commit();
    commit();
    while (asked.length < 4) await nextTurn();
    expect(asked).toEqual([1, 2, 3, 1]);
  });

  test("SendRound: does not ask a sender whose viewer has left", async () => {
    const round = new SendRound();
    const [first, second, third] = [sender(1, SLOW_MS), sender(2), sender(3)];
    for (const each of [first, second, third]) round.add(each);
    round.run();
    round.remove(second);
    while (asked.length < 2) await nextTurn();
    await nextTurn();
    expect(asked).toEqual([1, 3]);
  });
});
