// The messages to a viewer that are not pictures and not answers: what is wrong with the camera, through which relays its pictures come,
// and what moves.

import { nowMicros } from "../../core/clock.ts";
import type { MotionNow } from "../../core/motion.ts";
import { Newest } from "../../core/newest.ts";
import { type Notice, writeNotice } from "../../protocol/messages.ts";
import { writeMotion } from "../../protocol/motion.ts";
import type { Peer } from "../../protocol/peer.ts";
import { type Route, writeRoute } from "../../protocol/route.ts";

/** While bytes wait for the connection, only the newest message of each kind waits behind them. */
export class SideMessages {
  readonly #peer: Pick<Peer, "isOpen" | "outbox" | "send">;
  readonly #notice = new Newest<Notice>();
  readonly #route = new Newest<Route>();
  readonly #motion = new Newest<MotionNow>();

  constructor(peer: Pick<Peer, "isOpen" | "outbox" | "send">) {
    this.#peer = peer;
  }

  notify(notice: Notice): void {
    this.#offer(this.#notice, notice);
  }

  tellRoute(route: Route): void {
    this.#offer(this.#route, route);
  }

  tellMotion(motion: MotionNow): void {
    this.#offer(this.#motion, motion);
  }

  /** Sends what waits, if no bytes wait before it. */
  send(): void {
    this.#sendFrom(this.#notice, writeNotice);
    this.#sendFrom(this.#route, writeRoute);
    this.#sendFrom(this.#motion, writeMotionNow);
  }

  #offer<Message>(waiting: Newest<Message>, message: Message): void {
    if (!this.#peer.isOpen) return;
    waiting.offer(message);
    this.send();
  }

  #sendFrom<Message>(waiting: Newest<Message>, write: (message: Message) => Uint8Array): void {
    const message = waiting.value;
    if (message === null || !this.#peer.isOpen || !this.#peer.outbox.idle) return;
    waiting.take();
    this.#peer.send(write(message));
  }
}

function writeMotionNow(motion: MotionNow): Uint8Array {
  return writeMotion({ ...motion, sentAt: nowMicros() });
}
