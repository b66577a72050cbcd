// The route of a relay's pictures: the relays between the camera and this server's viewers. It tells whether relays form a loop.

import type { SourceRoute } from "../../capture/source.ts";
import { newRelayId, type Route } from "../../protocol/route.ts";
import { MAX_RELAYS } from "../../protocol/wire.ts";

export class RelayRoute implements SourceRoute {
  readonly #own = newRelayId();
  #relays: Route = [this.#own];
  onChanged: () => void = () => undefined;

  get relays(): Route {
    return this.#relays;
  }

  /**
   * Sets the relays between the camera and the other server, as that server tells them. Without a connection there are none. Returns
   * why no pictures may be taken from it, or null.
   */
  follow(others: Route): string | null {
    if (others[0] === this.#own) return "is this camera itself, so it never has a picture: name the camera's server";
    if (others.includes(this.#own)) {
      return "gets its pictures from this camera, so the relays form a loop: let one of them name the camera's server";
    }
    if (others.length >= MAX_RELAYS) {
      return `is behind ${others.length} relays, which is the limit: name a server that is nearer to the camera`;
    }
    const relays = [this.#own, ...others];
    if (relays.join() === this.#relays.join()) return null;
    this.#relays = relays;
    this.onChanged();
    return null;
  }
}
