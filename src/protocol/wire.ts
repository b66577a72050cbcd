// The wire: everything that crosses the TCP connection between a Slipstream server and its viewers.
//
// This comment is the specification; test/protocol/golden-bytes.test.ts holds it byte by byte.
//
// TRANSPORT   One TCP connection per viewer, port 10050 unless told otherwise, TCP_NODELAY on both sides.
// INTEGERS    Little-endian, unsigned. u64 values stay below 2^53. Times are microseconds since the Unix epoch in the
//             clock of the side that took them; durations are microseconds.
// STRINGS     u16 length in bytes, then UTF-8, of 400 bytes at most. A reader leaves out what a terminal would obey (control
//             characters, line breaks, marks that turn the direction of writing) and cuts what is longer.
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
//                      | string camera | u8 flags (bit 0: no pictures before a Wish)
//                      The name of the camera, or a part of it that no other has; empty: the first. What an older viewer leaves
//                      out is empty and 0.
//    2 Welcome server  u32 magic                     | u8 version | string software | string source name
//    3 Goodbye both    u8 reason | string text for a human. The last message of its side.
//                      reasons: 0 other, 1 version, 2 protocol error, 3 end of stream, 4 shutting down, 5 full,
//                      6 timeout, 7 no such camera (the text says which there are)
//    4 Stream  server  u16 width | u16 height | u32 frames per 1000 s (0 = unknown) | string codec | u8 quality (1 to
//                      100, 0 = unknown) | u16 source width | u16 source height | u16 length, JPEG header
//                      What the pictures that follow are. Sent before the first picture and whenever it changes. The
//                      JPEG header is SOI to SOS, with DRI: Tiles follow. Without one (length 0) Pictures follow.
//    5 Picture server  u32 frame number | u64 captured | u64 encoded | u64 sent | a whole JPEG, to the end
//                      Frame numbers count captured frames; they only grow, and gaps are frames not sent.
//    6 Ack     viewer  u32 frame number | u8 outcome (0 shown, 1 dropped) | u32 transfer | u32 work | u32 pace
//                      One for every Picture, and for every frame of Tiles once its last part has come. transfer: first
//                      byte of its first message to last byte of its last; work: decoding and showing it, waiting left
//                      out; pace: the least time between two pictures that the viewer can keep up. The server computes
//                      the credit from these, and what the link carries.
//    7 Ping    both    u64 sent                          ten in the first second, then one a second
//    8 Pong    both    u64 sent, as in the Ping | u64 received | u64 replied
//                      Yields the round trip and the offset between the two clocks (see clock-offset.ts).
//    9 Wish    viewer  u8 flags (bit 0: paused, bit 1: always the same size) | u16 width | u16 height
//                      The whole of what the viewer wants, at each change. A picture of that size is enough (0 x 0: as
//                      large as the source's); the server sends the smallest it makes that is not smaller, and over a thin
//                      link smaller ones still, unless the size has to stay the same.
//   10 Notice  server  u8 level (0 all is well again, 1 trouble) | string text | u32 lasted so far, ms
//                      What viewers should know about the source, e.g. that its camera was unplugged.
//   11 Tiles   server  u32 frame number | u64 captured | u64 encoded | u64 sent | u8 flags (bit 0: last part)
//                      | varint count | per tile: varint numbers left out since the one before, varint length
//                      | the tiles' bytes, one after the other, to the end
//                      A tile is one restart interval (T.81 E.1.4), RST markers left out; its number counts intervals
//                      from 0. A frame is one Tiles message or several parts with the same number; after the last part
//                      the picture is whole: tiles that were not in it are as they were. The first frame after a Stream
//                      brings all tiles. A frame whose last part never came is replaced by the one that follows, which
//                      brings its tiles again. No tiles at all: nothing has changed, the picture is as new as the stamps.
//                      varint: unsigned LEB128, seven bits a byte, least significant first, at most five bytes.
//  128 Cameras server  u8 count | per camera: string name | u8 flags (bit 0: it has ended) | u16 width | u16 height
//                      | u32 frames per 1000 s
//                      All cameras of the server, the first first; at most 64, names of at most 64 bytes. Sizes and rates are 0
//                      where they are not known yet. Follows Welcome, before anything else; older servers have one camera and
//                      leave it out.
//  129 ControlsAsked viewer  nothing
//  130 Controls server  u8 flags (bit 0: viewers may set them) | string why they are not known (empty: they are) | u16 count
//                      | per control: string name | u8 kind (0 integer, 1 boolean, 2 menu) | i32 least | i32 most | i32 step
//                      | i32 default | i32 value | u16 count | per item of a menu: i32 value | string label
//                      What can be set of the camera; the answer to ControlsAsked. At most 256 controls, and items of each.
//                      i32: two's complement. Of a boolean 1 is on.
//  131 SetControl viewer string name | string value
//                      A number, `on` or `off`, or an item's label.
//  132 ControlSet server u8 outcome (0 done, 1 refused) | string why
//                      The answer to SetControl. Answers come in the order of the questions; more than 8 that have none yet are
//                      an error.
//
// CREDIT      The server keeps at most a few Pictures per viewer unacknowledged (server/credit.ts says how many) and
//             composes none without credit. When credit comes back the viewer gets the newest picture there is; what
//             came between is never sent. So neither side has a queue that could grow old.
//
// SILENCE     Each side pings once a second and takes a peer that has said nothing for 10 s as gone.

export const DEFAULT_PORT = 10050;
export const WIRE_VERSION = 2;
export const MAGIC = 0x50494c53;

/** Bytes before a body: the length (u32) and the type (u8). */
export const HEADER_BYTES = 5;

export const MAX_GREETING_BYTES = 256;
export const MAX_VIEWER_MESSAGE_BYTES = 4096;
export const MAX_SERVER_MESSAGE_BYTES = 64 * 1024 * 1024;

/** Of a camera's name, in UTF-8. */
export const MAX_CAMERA_NAME_BYTES = 64;
export const MAX_CAMERAS = 64;

/** A string's length, as it is read; most are written shorter. */
export const MAX_STRING_BYTES = 400;

/** Questions about controls that a viewer may have open. */
export const MAX_OPEN_QUESTIONS = 8;

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
  tiles: 11,
  cameras: 128,
  controlsAsked: 129,
  controls: 130,
  setControl: 131,
  controlSet: 132,
} as const;

export const GoodbyeReason = {
  other: 0,
  version: 1,
  protocol: 2,
  end: 3,
  shutdown: 4,
  full: 5,
  timeout: 6,
  noCamera: 7,
} as const;
export type GoodbyeReason = (typeof GoodbyeReason)[keyof typeof GoodbyeReason];
