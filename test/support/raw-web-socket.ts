// The bytes of WebSockets (RFC 6455), for tests that send what no browser sends.

/** The opcodes of frames (RFC 6455, 5.2). `more` continues a message. */
const OPCODES = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export type FrameKind = keyof typeof OPCODES;

/** Returns a frame of a client. Its mask is zero, so the payload stays readable. */
export function webSocketFrame(
  kind: FrameKind | number,
  payload: Uint8Array,
  { isLast = kind !== "more", length = payload.length, isMasked = true } = {},
): Uint8Array {
  const opcode = typeof kind === "number" ? kind : OPCODES[kind];
  const head = Buffer.alloc(10);
  head[0] = (isLast ? 0x80 : 0) | opcode;
  const maskBit = isMasked ? 0x80 : 0;
  let headBytes = 2;
  if (length < 126) {
    head[1] = maskBit | length;
  } else if (length < 65_536) {
    head[1] = maskBit | 126;
    head.writeUInt16BE(length, 2);
    headBytes = 4;
  } else {
    head[1] = maskBit | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
    headBytes = 10;
  }
  return Buffer.concat([head.subarray(0, headBytes), Buffer.alloc(isMasked ? 4 : 0), payload]);
}

/** Returns the request that opens a WebSocket. `headers` replace the usual ones, and null leaves one out. */
export function upgradeRequest(
  path: string,
  { protocol, headers = {} }: { protocol: string; headers?: Record<string, string | null> },
): Uint8Array {
  const all: Record<string, string | null> = {
    Host: "127.0.0.1",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": protocol,
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]));
  return Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
}
