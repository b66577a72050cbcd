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
    if (!this.#peer.isOpen) return;
    this.#notice.offer(notice);
    this.send();
  }

  tellRoute(route: Route): void {
    if (!this.#peer.isOpen) return;
    this.#route.offer(route);
    this.send();
  }

  tellMotion(motion: MotionNow): void {
    if (!this.#peer.isOpen) return;
    this.#motion.offer(motion);
    this.send();
  }

  /** Sends what waits, if no bytes wait before it. */
  send(): void {
    const { isOpen, outbox } = this.#peer;
    if (!isOpen || !outbox.idle) return;
    const notice = this.#notice.take();
    if (notice !== null) this.#peer.send(writeNotice(notice));
    const route = outbox.idle ? this.#route.take() : null;
    if (route !== null) this.#peer.send(writeRoute(route));
    if (this.#motion.value === null || !outbox.idle) return;
    const motion = this.#motion.take();
    if (motion !== null) this.#peer.send(writeMotion({ ...motion, sentAt: nowMicros() }));
  }
}
