// The wire: everything that crosses a connection between a Slipstream server and its viewers.
//
// This comment is the specification. test/protocol/golden-bytes.test.ts checks each message byte by byte, and
// scripts/protocol-doc.ts prints docs/protocol.md from it, so its layout is fixed: a section begins with a word in capitals, a
// message with its number, a line of fields with "|".
//
// TRANSPORT   One TCP connection per viewer, to port 10050 unless both sides agree on another, with TCP_NODELAY on both sides.
//             Both directions are streams of messages; where the network cuts them into packets has no meaning.
// TLS         A server may take connections with TLS only, versions 1.3 (RFC 8446) and 1.2, on the same port and without a further
//             message: the streams above are then the application data. To a viewer that begins without TLS it says Goodbye, without
//             TLS, with the reason "needs TLS".
// NUMBERS     Little-endian. u8, u16, u32 and u64 are unsigned; a u64 stays below 2^53. i32 is two's complement. varint is unsigned
//             LEB128: seven bits a byte, the least significant first, the top bit set in all bytes but the last, five bytes at most.
// TIMES       Microseconds since the Unix epoch, in the clock of the side that took them. Durations are microseconds, unless the
//             field says otherwise.
// STRINGS     u16 length in bytes, then UTF-8, of 400 bytes at most. The reader cuts longer ones. It also removes control characters,
//             line breaks and marks that turn the direction of writing, because strings end up on terminals and in logs.
// MESSAGES    u32 length of what follows, u8 type, body. The receiver checks the length before it allocates memory. It may be 256
//             until the greeting is done. After that, a viewer's message may have 4 KiB. A server's Stream, Picture or Tiles may
//             have 64 MiB, and its other messages 4 MiB.
// EXTENSION   Later versions may add fields at the end of a body: the receiver ignores bytes after the fields that it knows. They
//             may add message types from 128 on: the receiver skips a type from 128 on that it does not know. A lower type that it
//             does not know is a protocol error.
// GREETING    The viewer speaks first and sends Hello. The server answers Welcome, or Goodbye if it refuses the viewer. A server that
//             does not speak the viewer's version answers Goodbye with the reason "version". In every version, the first five bytes
//             of the bodies of Hello and Welcome (magic and version) and the whole Goodbye stay as they are, so that sides of
//             different versions can tell each other why the connection ends. A side that has not sent Hello or Welcome within 5 s
//             is disconnected.
// KEYS        A server that needs a key answers Hello with Challenge, and the viewer sends Proof. Neither side sends the key. A viewer
//             without bit 1 in its flags gets Goodbye with the reason "needs a key" instead. A key is at least 20 characters of text;
//             both sides use it in lower case, without dashes and spaces, and with 1 for i and l and 0 for o. In HMAC-SHA-256(key,
//             text) and SHA-256 (FIPS 180-4, RFC 2104) all texts are UTF-8:
//             key id = first 8 bytes of HMAC(key, "slipstream key id"), client key = HMAC(key, "slipstream viewer"), stored key =
//             SHA-256(client key), server key = HMAC(key, "slipstream server"). A server keeps key id, stored key and server key.
//             context = "slipstream proof 1", u8 0 without TLS or 1 with TLS, 32 bytes: zeros without TLS, and with TLS the exporter
//             with the label "EXPORTER-slipstream-proof" and no context (RFC 8446, section 7.5), then the nonce of Challenge, the
//             nonce of Proof, key id, and SHA-256(body of Hello). Viewer's proof = client key XOR HMAC(stored key, "viewer" +
//             context). Server's proof = HMAC(server key, "server" + context). Without a right proof of the server the viewer sends
//             Goodbye. These are the proofs of SCRAM (RFC 5802, section 3) without a salt, because keys are random.
// CREDIT      A frame is in flight when it is sent and not acknowledged. The server allows one frame in flight per viewer at first,
//             and later as many as it computes from the times in the Acks. When fewer frames are in flight, the viewer has credit.
//             Without credit the server sends no frame. When credit returns, it sends the newest frame and never the frames in
//             between. So no queue grows on either side of the connection.
// SILENCE     Each side sends a Ping every second, ten in the first second. A side that hears nothing for 10 s says Goodbye and
//             disconnects.
//
//    1 Hello, from the viewer
//      | u32 magic, 0x50494C53, which is "SLIP" | u8 version, 2 | string software | string camera
//      | u8 flags, bit 0: send no pictures before a Wish, bit 1: the viewer can answer a Challenge
//      Camera is the name of a camera, or a part of it that no other camera's name contains. An empty name means the first camera.
//      An older viewer leaves out camera and flags, which means empty and 0.
//    2 Welcome, from the server
//      | u32 magic | u8 version | string software | string source name
//      | bytes the server's proof, 32 bytes, only after a Proof
//      The server accepts the viewer. Source name is the full name of the camera.
//    3 Goodbye, from both
//      | u8 reason | string text, for people
//      The last message of its side. Reasons: 0 other, 1 version, 2 protocol error, 3 end of the stream, 4 shutting down, 5 full,
//      6 timeout, 7 no such camera (the text lists the cameras), 8 needs a key, 9 wrong key, 10 needs TLS.
//    4 Stream, from the server
//      | u16 width | u16 height | u32 rate, frames per 1000 s, 0 if unknown | string codec | u8 quality, 1 to 100, 0 if unknown
//      | u16 source width | u16 source height | u16 length of the JPEG header | bytes JPEG header, from SOI to SOS
//      Describes the frames that follow. The server sends it before the first frame and when something in it changes. With a JPEG
//      header the frames come as Tiles; the header includes DRI. With length 0 they come as Pictures.
//    5 Picture, from the server
//      | u32 frame number | u64 captured | u64 encoded | u64 sent | bytes a whole JPEG, to the end of the message
//      Frame numbers count the captured frames. They only grow. A gap means that the frames in between were not sent.
//    6 Ack, from the viewer
//      | u32 frame number | u8 outcome, 0 shown, 1 dropped | u32 transfer | u32 work | u32 pace | u32 show
//      The viewer sends one Ack for each Picture, and one for each frame of Tiles after its last part. Transfer is the time from
//      the first byte of the frame's first message to the last byte of its last message. Work is the time for decoding and showing
//      the frame, without waiting. Pace is the shortest time between two frames that the viewer can keep up with. Show is the time
//      from the end of decoding to the end of showing, with waiting. Older viewers leave out show.
//    7 Ping, from both
//      | u64 sent
//    8 Pong, from both
//      | u64 sent, copied from the Ping | u64 received | u64 replied
//      The answer to a Ping, at once. The four times give the round trip and the offset between the two clocks, as in NTP (RFC 5905,
//      section 8): see clock-offset.ts.
//    9 Wish, from the viewer
//      | u8 flags, bit 0: paused, bit 1: always the same size | u16 width | u16 height
//      A Wish contains all that the viewer wants. It replaces the previous Wish. A picture of this size is enough; 0 × 0 means the
//      size of the source. The server sends the smallest size it makes that is not smaller than the Wish. Over a slow link it also
//      sends smaller ones, unless bit 1 is set.
//   10 Notice, from the server
//      | u8 level, 0 all is well again, 1 trouble | string text | u32 duration so far, in milliseconds
//      Tells viewers about trouble with the source, for example that the camera was unplugged. Older servers leave out the
//      duration.
//   11 Tiles, from the server
//      | u32 frame number | u64 captured | u64 encoded | u64 sent | u8 flags, bit 0: last part of the frame
//      | varint number of tiles | for each tile | varint tile numbers skipped since the tile before | varint length of the tile
//      | at the end | bytes of the tiles, one after the other
//      A tile is one restart interval of the JPEG (T.81 E.1.4) without RST markers. Tile numbers count the intervals from 0. A frame
//      is one Tiles message, or several with the same frame number. After the last part the picture is complete: tiles that were not
//      sent look as before. The first frame after a Stream has all tiles. If a frame's last part never comes, the next frame
//      replaces it and has its tiles too. A frame without tiles means that nothing has changed: the picture is as new as its times.
//   12 Challenge, from the server
//      | u8 scheme, 1 | bytes nonce, 32 random bytes
//      The server sends it once between Hello and Welcome. A viewer that does not know the scheme or has no key sends Goodbye.
//   13 Proof, from the viewer
//      | bytes key id, 8 bytes | bytes nonce, 32 random bytes | bytes the viewer's proof, 32 bytes
//      The answer to a Challenge. The server answers Welcome, or Goodbye with the reason "wrong key".
//  128 Cameras, from the server
//      | u8 number of cameras | for each camera | string name | u8 flags, bit 0: it has ended | u16 width | u16 height
//      | u32 rate, frames per 1000 s
//      The list of all cameras of the server that this viewer may see, with the first camera first. The list has 64 cameras at
//      most, and a name has 64 bytes at most. Sizes and rates are 0 until they are known. The server sends it right after
//      Welcome. Older servers have one camera and leave the message out.
//  129 ControlsAsked, from the viewer
//      Asks for the controls of the camera, such as brightness.
//  130 Controls, from the server
//      | u8 flags, bit 0: viewers may set controls | string why the controls are not known, empty if they are
//      | u16 number of controls | for each control | string name | u8 kind, 0 integer, 1 boolean, 2 menu | i32 minimum
//      | i32 maximum | i32 step | i32 default | i32 value | u16 number of menu items | for each menu item | i32 value | string label
//      The answer to ControlsAsked. 256 controls at most, with 256 items each. A boolean is 1 for on and 0 for off.
//  131 SetControl, from the viewer
//      | string name | string value
//      Value is a number, "on", "off", or the label of a menu item.
//  132 ControlSet, from the server
//      | u8 outcome, 0 done, 1 refused | string why it was refused
//      The answer to SetControl. The server answers in the order of the questions. More than 8 questions without an answer are a
//      protocol error.
//  133 ClipAsked, from the viewer
//      | u16 seconds, or 0 for the next part
//      Asks for a Matroska file with the last seconds of the camera. The server makes it when it gets a number of seconds, and sends
//      one part for each ClipAsked. It counts as a question like SetControl. Older servers do not answer.
//  134 ClipPart, from the server
//      | u8 outcome, 0 a part of the file, 1 the file has ended, 2 refused | string why it was refused
//      | bytes of the file, to the end of the message
//  135 Motion, from the server
//      | u8 phase, 0 an event has started, 1 it goes on, 2 it has ended | u32 number | u64 start | u64 last motion | u64 sent
//      | u16 area that moves now | u16 largest area so far | u64 time of the largest area
//      | u16 left edge of what has moved since the start | u16 upper edge | u16 right edge | u16 lower edge
//      | u16 left edge of what moves now, all four 0 if nothing does | u16 upper edge | u16 right edge | u16 lower edge
//      | u8 number of zones | for each zone | string name
//      An event of motion in the camera's picture. Number counts the events of the camera; number and start together tell one
//      event from another. Areas and edges are shares of the picture, where 65535 is all of it. The zones are those in which
//      something has moved, 16 at most, and a name has 64 bytes at most. The server sends it at most four times a second, and a
//      newer message replaces one that still waits. So a viewer may miss a start or an end: an event with another number has
//      started, and the one before it has ended. A viewer that connects during an event gets phase 1. Older servers, and cameras
//      whose motion is not detected, send none.
//  136 Route, from the server
//      | u8 number of relays | for each relay | bytes id, 8 random bytes
//      A relay is a server whose camera is a camera of another server. The list has the relays through which the pictures come, 8 at
//      most, with the sending one first. Each camera of a relay has its own id. A relay sends the message after Cameras, and again
//      when the list has changed. Other servers leave it out. A relay takes no pictures from a server whose list has its own id
//      or 8 relays.

export const DEFAULT_PORT = 10050;
export const WIRE_VERSION = 2;
/** The subprotocol of WebSockets that carry this version (RFC 6455, 1.9). */
export const WEB_SOCKET_PROTOCOL = `slipstream.${WIRE_VERSION}`;
export const MAGIC = 0x50494c53;

/** The number of bytes before a body: the length (u32) and the type (u8). */
export const HEADER_BYTES = 5;

/** The largest length of a message before both sides have greeted, in bytes. */
export const MAX_GREETING_BYTES = 256;
/** The largest length of a viewer's message after the greeting, in bytes. */
export const MAX_VIEWER_MESSAGE_BYTES = 4096;
/** The largest length of a server's message after the greeting, in bytes. */
export const MAX_SERVER_MESSAGE_BYTES = 64 * 1024 * 1024;
/** The largest length of a message without a picture, in bytes. */
export const MAX_OTHER_MESSAGE_BYTES = 4 * 1024 * 1024;

/** The longest name of a camera, in bytes of UTF-8. */
export const MAX_CAMERA_NAME_BYTES = 64;
export const MAX_CAMERAS = 64;
/** The largest number of zones in Motion, and the longest name of a zone in bytes of UTF-8. */
export const MAX_MOTION_ZONES = 16;
export const MAX_ZONE_NAME_BYTES = 64;

/** The longest string that a reader keeps. Most writers have a lower limit. */
export const MAX_STRING_BYTES = 400;

/** The largest number of unanswered questions that a viewer may have. */
export const MAX_OPEN_QUESTIONS = 8;

/** The length in bytes of a nonce, of a proof, of the binding to a TLS session, and of each part of a derived key except its id. */
export const PROOF_BYTES = 32;
export const KEY_ID_BYTES = 8;

/** The length in bytes of the id of a relay. */
export const RELAY_ID_BYTES = 8;
/** The largest number of relays between a camera and a viewer. */
export const MAX_RELAYS = 8;

export const GREETING_TIMEOUT_MS = 5_000;
export const PING_INTERVAL_MS = 1_000;
/**
 * The number of Pings in the first second. The first exchanges are slow because threads are still starting, so several are needed.
 */
export const FIRST_PINGS = 10;
export const FIRST_PING_INTERVAL_MS = 100;
export const SILENCE_TIMEOUT_MS = 10_000;

/** A receiver skips unknown message types from this number on. */
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
  challenge: 12,
  proof: 13,
  cameras: 128,
  controlsAsked: 129,
  controls: 130,
  setControl: 131,
  controlSet: 132,
  clipAsked: 133,
  clipPart: 134,
  motion: 135,
  route: 136,
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
  needsKey: 8,
  wrongKey: 9,
  needsTls: 10,
} as const;
export type GoodbyeReason = (typeof GoodbyeReason)[keyof typeof GoodbyeReason];
