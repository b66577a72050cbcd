// Decides who may watch. Every door asks the same gatekeeper, so wrong keys of one address count at all doors.

import type { Micros } from "../../core/clock.ts";
import { GoodbyeReason } from "../../protocol/wire.ts";
import { addressGroup } from "./address-group.ts";
import type { Authenticated, Credentials, KeyRing } from "./key-ring.ts";
import { LockOut } from "./lock-out.ts";
import type { Refusal } from "./refusal.ts";
import { EVERYBODY, type Role } from "./role.ts";

export interface GatekeeperOptions {
  /** The keys that viewers have to prove. Null if none is needed. */
  keys: KeyRing | null;
  /** The gatekeeper calls this for each wrong key, and for each attempt during a pause. */
  onWrongKey: () => void;
}

export class Gatekeeper {
  readonly #options: GatekeeperOptions;
  readonly #lockOut = new LockOut();

  constructor(options: GatekeeperOptions) {
    this.#options = options;
  }

  get needsKey(): boolean {
    return this.#options.keys !== null;
  }

  /** Returns the reason why this address may not try a key now, or null. A door asks this before it does any work. */
  refusal(ip: string, now: Micros): Refusal | null {
    const address = addressGroup(ip);
    const seconds = this.#lockOut.secondsLeft(address, now);
    if (seconds === 0) return null;
    this.#options.onWrongKey();
    return { reason: GoodbyeReason.full, text: `too many wrong keys came from ${address}: wait ${seconds} s` };
  }

  /** Returns the role for credentials, or a refusal. After a role the caller calls `left` once, when the viewer has left. */
  authenticate(ip: string, credentials: Credentials, now: Micros): Authenticated | Refusal {
    const { keys, onWrongKey } = this.#options;
    const refusal = this.refusal(ip, now);
    if (refusal !== null) return refusal;
    const address = addressGroup(ip);
    const authenticated = keys === null ? { role: EVERYBODY } : keys.authenticate(credentials);
    if (authenticated === null) {
      onWrongKey();
      this.#lockOut.failed(address, now);
      return { reason: GoodbyeReason.wrongKey, text: "the key is not right for this server" };
    }
    this.#lockOut.proven(address);
    return authenticated;
  }

  /** Notes that a viewer whose key was checked earlier is connected. The caller calls `left` once, when it has left. */
  joined(ip: string): void {
    this.#lockOut.proven(addressGroup(ip));
  }

  /** Returns for how many seconds this address may still not try a key. */
  secondsLeft(ip: string, now: Micros): number {
    return this.#lockOut.secondsLeft(addressGroup(ip), now);
  }

  /** Notes that an authenticated viewer has left. */
  left(ip: string, now: Micros): void {
    this.#lockOut.left(addressGroup(ip), now);
  }

  /** Returns whether a role is still valid after keys were removed or changed. */
  holds(role: Role): boolean {
    return this.#options.keys?.holds(role) ?? role === EVERYBODY;
  }

  /** Forgets old failures. Call it at least once a second. */
  tick(now: Micros): void {
    this.#lockOut.tick(now);
  }
}
