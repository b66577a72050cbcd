// The wire: everything that crosses the TCP connection between a Slipstream server and its viewers.
//
// This comment is the specification; test/protocol/golden-bytes.test.ts holds it byte by byte.
//
// TRANSPORT   One TCP connection per viewer, port 10050 unless told otherwise, TCP_NODELAY on both sides.
// INTEGERS    Little-endian, unsigned. u64 values stay below 2^53. Times are microseconds since the Unix epoch in the
//             clock of the side that took them; durations are microseconds.
// STRINGS     u16 length in bytes, then UTF-8.
//
// MESSAGE     u32 length of what follows | u8 type | body
//             A receiver checks the length against a limit before it allocates anything: 256 bytes until the
//             greeting is done, then 4 KiB for what a viewer says and 64 MiB for what a server says.
//             Bytes after the fields of a known body are ignored, so fields can be added at the end of a message
//             without a new version. A type of 128 or more that is not known is skipped, a lower one is an error.
//
// GREETING    The viewer speaks first: Hello. The server answers Welcome, or Goodbye with the reason `version` when it
//             does not speak the viewer's version. The first 5 body bytes of Hello and Welcome (magic, version) and
//             the whole of Goodbye never change, so that peers of any two versions can tell each other why they part.
//             A side that has not greeted within 5 s is hung up on.
//
//  type        from    body
//    1 Hello   viewer  u32 magic 0x50494C53 ("SLIP") | u8 version | string software
//    2 Welcome server  u32 magic                     | u8 version | string software | string source name
//    3 Goodbye both    u8 reason | string text for a human. The last message of its side.
//                      reasons: 0 other, 1 version, 2 protocol error, 3 end of stream, 4 shutting down, 5 full,
//                      6 timeout
//    4 Stream  server  u16 width | u16 height | u32 frames per 1000 s (0 = unknown) | string codec
//                      What the pictures that follow are. Sent before the first picture and whenever it changes.
//    5 Picture server  u32 frame number | u64 captured | u64 encoded | u64 sent | a whole JPEG, to the end
//                      Frame numbers count captured frames; they only grow, and gaps are frames not sent.
//    6 Ack     viewer  u32 frame number | u8 outcome (0 shown, 1 dropped) | u32 transfer | u32 work | u32 pace
//                      One for every Picture. transfer: first to last byte of the message; work: decoding and
//                      showing it, waiting left out; pace: the least time between two pictures that the viewer
//                      can keep up. The server computes the credit from these.
//    7 Ping    both    u64 sent                          ten in the first second, then one a second
//    8 Pong    both    u64 sent, as in the Ping | u64 received | u64 replied
//                      Yields the round trip and the offset between the two clocks (see clock-offset.ts).
//    9 Wish    viewer  u8 paused (0 or 1)                the whole of what the viewer wants, at each change
//   10 Notice  server  u8 level (0 all is well again, 1 trouble) | string text
//                      What viewers should know about the source, e.g. that its camera was unplugged.
//
// CREDIT      The server keeps at most a few Pictures per viewer unacknowledged (server/credit.ts says how many) and
//             composes none without credit. When credit comes back the viewer gets the newest picture there is; what
//             came between is never sent. So neither side has a queue that could grow old.
//
// SILENCE     Each side pings once a second and takes a peer that has said nothing for 10 s as gone.

export const DEFAULT_PORT = 10050;
export const WIRE_VERSION = 1;
export const MAGIC = 0x50494c53;

/** Bytes before a body: the length (u32) and the type (u8). */
export const HEADER_BYTES = 5;

export const MAX_GREETING_BYTES = 256;
export const MAX_VIEWER_MESSAGE_BYTES = 4096;
export const MAX_SERVER_MESSAGE_BYTES = 64 * 1024 * 1024;

export const GREETING_TIMEOUT_MS = 5_000;
export const PING_INTERVAL_MS = 1_000;
/** The first exchanges meet threads that are still warming up; several in a row find a short round trip soon. */
export const FIRST_PINGS = 10;
export const FIRST_PING_INTERVAL_MS = 100;
export const SILENCE_TIMEOUT_MS = 10_000;

/** Types from here on are skipped where they are not known. */
export const FIRST_OPTIONAL_TYPE = 128;

export const MessageType = {
  hello: 1,
  welcome: 2,
  goodbye: 3,
  stream: 4,
  picture: 5,
  ack: 6,
  ping: 7,
  pong: 8,
  wish: 9,
  notice: 10,
} as const;

export const GoodbyeReason = {
  other: 0,
  version: 1,
  protocol: 2,
  end: 3,
  shutdown: 4,
  full: 5,
  timeout: 6,
} as const;
export type GoodbyeReason = (typeof GoodbyeReason)[keyof typeof GoodbyeReason];
