// Finds the pace at which a client of plain HTTP reads, if it reads more slowly than pictures come.
//
// Bytes that a program has not read lie in its kernel, which has acknowledged them, or in a relay. Megabytes fit there, which is
// seconds of video. TCP tells how much more the client's kernel can take: the receive window. What is missing from the largest
// window is unread. But the known window may be out of date: Linux enlarges it in steps of a segment. It reports the new window with
// the next acknowledgement, or at once when the window has doubled (__tcp_select_window, tcp_cleanup_rbuf). So a client counts as
// behind when a segment is unread besides the newest picture. Then the server sends nothing until the client should have read
// everything. After that it sends pictures at the rate of the client, measured between two moments when everything was read.

import type { Micros } from "../../core/clock.ts";
import type { TcpState } from "./multipart-sender.ts";

/** The window becomes smaller by a little more than the bytes of a picture, because it counts the memory of packets. */
const MEMORY_OF_BYTES = 1.1;
const SLACK_BYTES = 4_096;
/** While the rate is unknown, a client is assumed to read the newest picture in this time. */
const ASSUMED_MICROS = 40_000;
/** A rate is measured over at least this time. */
const LEAST_CYCLE_MICROS = 200_000;
const LEAST_BEHIND_MICROS = 100_000;
/** Pictures are sent a little more slowly than the client has read, so that it reads what has collected in relays. */
const GAIN = 0.95;
/** If a client was not behind for this time, the rate is raised by a factor. The time doubles when the client then falls behind. */
const FIRST_PROBE_MICROS = 300_000;
const LONGEST_PROBE_MICROS = 32_000_000;
const PROBE_GAIN = 1.3;
/** The factor until a probe fails, because most clients that fall behind have only paused. */
const FIRST_PROBE_GAIN = 2;
/**
 * A probe sends more bytes than the old rate would. It succeeds when these additional bytes are this multiple of the visible bytes
 * and the client is not behind.
 */
const SURELY_VISIBLE = 1.5;
/** A client that reads a picture in less than this time is no longer slow. */
const FAST_MICROS = 16_000;
/** The longest time for which nothing is sent because of an estimate. */
const LONGEST_HOLD_MICROS = 1_000_000;
/** After this many holds without effect, the client's kernel has made its buffer smaller. */
const VAIN_HOLDS = 6;
/** One measurement does not lower the rate by more than this factor. */
const LARGEST_STEP = 0.4;
/** The largest rate of this period and the one before counts for the quality. */
const PERIOD_MICROS = 3_000_000;

interface Moment {
  at: Micros;
  /** All bytes that the client's kernel had received. */
  received: number;
}

export class ReadingPace {
  #largestWindow = 0;
  #received = 0;
  /** The bytes a second at which the client reads. Null while it reads as fast as pictures come. */
  #rate: number | null = null;
  /** The largest rates in the last period and in this one. */
  #largestRates = { before: 0, now: 0, since: 0 };
  /** The last moment when the client had read everything. */
  #caughtUp: Moment | null = null;
  /** Whether the client was behind since then. */
  #wasBehind = false;
  /** The first moment in a row when the client was behind, with the unread bytes. */
  #behind: (Moment & { unread: number }) | null = null;
  #holds = 0;
  /** The time of the last change of the rate. */
  #changedAt: Micros = 0;
  /** The rate before the current probe and the start of this probe, or null when there is no probe. */
  #probe: { rate: number; at: Micros } | null = null;
  #probeMicros = FIRST_PROBE_MICROS;
  #hasFailed = false;
  /** The time from which the next picture may be sent. */
  nextAt: Micros = 0;

  /** Takes the state of the connection when the client's kernel has received a picture that was sent at `sentAt`. */
  measure(bytes: number, sentAt: Micros, { windowBytes, segmentBytes }: TcpState, now: Micros): void {
    if (windowBytes === null) return;
    this.#received += bytes;
    this.#largestWindow = Math.max(this.#largestWindow, windowBytes);
    const unread = this.#largestWindow - windowBytes;
    const newest = bytes * MEMORY_OF_BYTES + SLACK_BYTES;
    if (unread <= newest) this.#noteCaughtUp(now);
    const visible = newest + segmentBytes;
    if (unread > visible) this.#hold(unread, newest, now);
    else this.#goOn(bytes, visible, sentAt, now);
  }

  #noteCaughtUp(now: Micros): void {
    const since = this.#caughtUp;
    const micros = now - (since?.at ?? now);
    this.#holds = 0;
    this.#behind = null;
    if (since !== null && this.#wasBehind && micros < LEAST_CYCLE_MICROS) return;
    if (since !== null && this.#wasBehind) this.#setRate(((this.#received - since.received) * 1e6) / micros, now);
    this.#caughtUp = { at: now, received: this.#received };
    this.#wasBehind = false;
  }

  #setRate(rate: number, now: Micros): void {
    this.#rate = rate;
    this.#changedAt = now;
    const { now: largest, since } = this.#largestRates;
    if (now - since > PERIOD_MICROS) this.#largestRates = { before: largest, now: rate, since: now };
    else this.#largestRates.now = Math.max(largest, rate);
  }

  #hold(unread: number, newest: number, now: Micros): void {
    this.#wasBehind = true;
    this.#changedAt = now;
    const tooMuch = this.#endProbe(now);
    if (++this.#holds > VAIN_HOLDS) {
      this.#largestWindow -= unread - newest;
      this.#rate = null;
      this.#probeMicros = FIRST_PROBE_MICROS;
      this.#probe = null;
      this.#hasFailed = false;
      this.#wasBehind = false;
      this.#noteCaughtUp(now);
      return;
    }
    this.#rate ??= (newest * 1e6) / ASSUMED_MICROS;
    this.#behind ??= { at: now, received: this.#received, unread };
    const { at, received, unread: before } = this.#behind;
    if (now - at >= LEAST_BEHIND_MICROS) {
      const read = this.#received - received - (unread - before);
      this.#setRate(Math.min(this.#rate, Math.max((read * 1e6) / (now - at), this.#rate * LARGEST_STEP)), now);
    }
    this.nextAt = now + Math.min(LONGEST_HOLD_MICROS, (Math.max(unread, tooMuch) * 1e6) / this.#rate);
  }

  /** Returns to the rate before a probe. Returns the bytes that were sent because the rate was too high. */
  #endProbe(now: Micros): number {
    if (this.#probe === null) return 0;
    const { rate, at } = this.#probe;
    const tooMuch = (((this.#rate ?? rate) - rate) * (now - at)) / 1e6;
    this.#probeMicros = Math.min(2 * this.#probeMicros, LONGEST_PROBE_MICROS);
    this.#rate = rate;
    this.#probe = null;
    this.#hasFailed = true;
    return tooMuch;
  }

  /** `visible` is the number of unread bytes from which the client is seen to be behind. */
  #goOn(bytes: number, visible: number, sentAt: Micros, now: Micros): void {
    if (this.#rate === null) return;
    if (this.#probe !== null) {
      const more = ((this.#rate - this.#probe.rate) * (now - this.#probe.at)) / 1e6;
      if (more > visible * SURELY_VISIBLE) {
        this.#probe = null;
        this.#changedAt = now;
        this.#probeMicros = Math.max(FIRST_PROBE_MICROS, this.#probeMicros / 2);
      }
    } else if (now - this.#changedAt > this.#probeMicros) {
      this.#probe = { rate: this.#rate, at: now };
      this.#rate *= this.#hasFailed ? PROBE_GAIN : FIRST_PROBE_GAIN;
      this.#changedAt = now;
    }
    const micros = (bytes * 1e6) / (this.#rate * GAIN);
    this.nextAt = sentAt + Math.min(LONGEST_HOLD_MICROS, micros);
    if (micros > FAST_MICROS) return;
    this.#rate = null;
    this.#probe = null;
    this.#hasFailed = false;
    this.#probeMicros = FIRST_PROBE_MICROS;
  }

  /**
   * The time that a link with the client's rate needs for this many bytes, or 0 if it is not slow. A program that needs long for each
   * picture of any size seems to have a slower link when pictures have fewer bytes, so the largest rate of a while counts.
   */
  transferMicros(bytes: number): Micros {
    const largest = Math.max(this.#largestRates.before, this.#largestRates.now);
    return this.#rate === null || largest === 0 ? 0 : (bytes * 1e6) / largest;
  }
}
