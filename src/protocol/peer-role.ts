// The two roles of a peer: what a server and a viewer expect of the other side, and their words for errors.

import { SOFTWARE } from "../core/version.ts";
import type { otherProtocol } from "./other-protocols.ts";
import { MAX_SERVER_MESSAGE_BYTES, MAX_VIEWER_MESSAGE_BYTES, MessageType, WIRE_VERSION } from "./wire.ts";

/** What one side of a connection expects of the other side, and how it names it. */
export interface Role {
  /** The message with which the other side begins: Hello or Welcome. */
  greeting: number;
  /** The largest length of the other side's messages after the greeting, in bytes. */
  maxMessageBytes: number;
  /** The other side, as it is named in the error "message type 7, which … never sends". */
  sender: string;
  /** The name of the other side as the subject of a sentence. */
  subject: string;
  /** The error text for first bytes that are not Slipstream's protocol. */
  stranger: string;
  /** What people should do if the other side speaks one of these protocols instead. */
  advice: Readonly<Record<NonNullable<ReturnType<typeof otherProtocol>>, string>>;
  otherVersion: (version: number) => string;
}

/** The role of this side, for a server and for a viewer. */
export const ROLES = {
  server: {
    greeting: MessageType.hello,
    maxMessageBytes: MAX_VIEWER_MESSAGE_BYTES,
    sender: "a viewer",
    subject: "it",
    stranger: "it does not speak Slipstream's protocol",
    advice: {
      HTTP: "it speaks HTTP, and the web page has a port of its own (serve --http)",
      TLS: "it begins TLS, and this server uses none",
      SSH: "it speaks SSH",
    },
    otherVersion: (version) =>
      `it speaks version ${version} of the protocol, and this server (${SOFTWARE}) speaks version ${WIRE_VERSION}`,
  },
  viewer: {
    greeting: MessageType.welcome,
    maxMessageBytes: MAX_SERVER_MESSAGE_BYTES,
    sender: "a server",
    subject: "the server",
    stranger: "the program that listens there is not a Slipstream server",
    advice: {
      HTTP: "it speaks HTTP: open its address in a browser, or use the port that 'bun run serve' prints after 'serving'",
      TLS: "it speaks TLS",
      SSH: "it speaks SSH",
    },
    otherVersion: (version) => `the server speaks version ${version}`,
  },
} satisfies Record<string, Role>;

export type RoleName = keyof typeof ROLES;
