// A camera that answers RTSP requests with a status, for tests of the messages about a camera that refuses.

export interface RtspCamera extends Disposable {
  port: number;
  /** The methods of the requests so far. */
  requests: string[];
}

/** Answers OPTIONS, and every other request with `status`. If `status` is null, it accepts the connection and never answers. */
export function openRtspCamera(status: string | null): RtspCamera {
  const requests: string[] = [];
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, chunk) {
        const text = chunk.toString("latin1");
        const [method = ""] = text.split(" ", 1);
        requests.push(method);
        if (status === null) return;
        const number = /^CSeq: *(\d+)/im.exec(text)?.[1] ?? "1";
        const challenge = 'WWW-Authenticate: Digest realm="camera", nonce="abc"';
        const head = method === "OPTIONS" ? "200 OK\r\nPublic: OPTIONS, DESCRIBE" : `${status}\r\n${challenge}`;
        socket.write(`RTSP/1.0 ${head}\r\nCSeq: ${number}\r\n\r\n`);
      },
    },
  });
  return { port: listener.port, requests, [Symbol.dispose]: () => listener.stop(true) };
}
