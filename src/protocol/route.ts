// The message Route, which lists the relays between a camera and a viewer. wire.ts has its layout.

import { ProtocolError } from "../core/errors.ts";
import { BodyReader, MessageWriter } from "./bytes.ts";
import { MAX_RELAYS, MessageType, RELAY_ID_BYTES } from "./wire.ts";

/** The ids of relays as hexadecimal digits, with the relay that is nearest to the viewer first. */
export type Route = readonly string[];

/** Returns an id that no other relay has. */
export function newRelayId(): string {
  return crypto.getRandomValues(new Uint8Array(RELAY_ID_BYTES)).toHex();
}

/** Writes a Route message. `route` must have at most MAX_RELAYS relays. */
export function writeRoute(route: Route): Uint8Array {
  const writer = new MessageWriter(MessageType.route).u8(route.length);
  for (const id of route) writer.bytes(Uint8Array.fromHex(id));
  return writer.finish();
}

export function readRoute(body: Uint8Array): string[] {
  const reader = new BodyReader(body, "Route");
  const count = reader.u8();
  if (count > MAX_RELAYS) throw new ProtocolError(`Route has ${count} relays, and the limit is ${MAX_RELAYS}`);
  return Array.from({ length: count }, () => reader.bytes(RELAY_ID_BYTES).toHex());
}
