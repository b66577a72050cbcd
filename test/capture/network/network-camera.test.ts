// Cameras that send over TCP or UDP without HTTP: real sockets, with ffmpeg as the camera.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createSocket } from "node:dgram";
import { openSource } from "../../../src/capture/open.ts";
import type { Source } from "../../../src/capture/source.ts";
import { CameraRun } from "../../support/http-camera-run.ts";
import { PICTURES } from "../../support/jpeg-streams.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";
import { until } from "../../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

function sourceAt(source: string): Source {
  return openSource({ source });
}

/** A server that hands each connection to the test. */
function listen() {
  const connections: Bun.Socket[] = [];
  const closed: Bun.Socket[] = [];
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => void connections.push(socket),
      close: (socket) => void closed.push(socket),
      data: () => undefined,
    },
  });
  return {
    url: `tcp://127.0.0.1:${server.port}`,
    connections,
    closed,
    async connection(): Promise<Bun.Socket> {
      await until(() => connections.length > 0, "a connection");
      return connections[0] as Bun.Socket;
    },
    [Symbol.dispose]: () => server.stop(true),
  };
}

/** Writes all bytes, even if the reader is slow. */
async function send(socket: Bun.Socket, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const written = socket.write(bytes.subarray(at));
    if (written < 0) throw new Error("the connection is closed");
    at += written;
    await Bun.sleep(1);
  }
}

function expectPictures(jpegs: readonly Uint8Array[], expected: readonly Uint8Array[]): void {
  expect(jpegs.map((jpeg) => Bun.hash(jpeg))).toEqual(expected.map((jpeg) => Bun.hash(jpeg)));
}

/** A UDP port that was free a moment ago. */
async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.bind(0, "127.0.0.1", resolve);
  await promise;
  const { port } = socket.address();
  socket.close();
  return port;
}

describe("TCP camera", () => {
  test("each JPEG is delivered with its last byte, even the first one", async () => {
    using server = listen();
    await using camera = new CameraRun(sourceAt(server.url));
    const socket = await server.connection();
    for (const [index, picture] of PICTURES.entries()) {
      await send(socket, picture); // no byte follows the picture
      expectPictures(await camera.pictures(index + 1), PICTURES.slice(0, index + 1));
    }
    expect(server.connections.length).toBe(1);
    expect(camera.sink.lostFrames).toBe(0);
  });

  test("the source may connect in the middle of a picture", async () => {
    using server = listen();
    await using camera = new CameraRun(sourceAt(server.url));
    const socket = await server.connection();
    const noise = PICTURES[4] as Uint8Array;
    await send(socket, noise.subarray(700));
    await send(socket, noise);
    expectPictures(await camera.pictures(1), [noise]);
  });

  test("a camera may send multipart parts", async () => {
    using server = listen();
    await using camera = new CameraRun(sourceAt(server.url));
    const socket = await server.connection();
    for (const picture of PICTURES) {
      await send(
        socket,
        Buffer.from(`--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`),
      );
      await send(socket, picture);
      await send(socket, Buffer.from("\r\n"));
    }
    expectPictures(await camera.pictures(PICTURES.length), PICTURES);
  });

  test.each([
    ["MPEG-TS", ["-c:v", "mpeg2video", "-f", "mpegts"]],
    ["Matroska", ["-c:v", "mjpeg", "-f", "matroska"]],
  ])("a camera may send %s, which ffmpeg reads over the same connection", async (_, output) => {
    using server = listen();
    await using camera = new CameraRun(sourceAt(server.url));
    const socket = await server.connection();
    const input = ["-re", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=25"];
    const program = Bun.spawn(["ffmpeg", "-v", "error", ...input, ...output, "-flush_packets", "1", "-"], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
    });
    const sending = (async () => {
      for await (const chunk of program.stdout) await send(socket, chunk);
    })().catch(() => undefined); // the test ends the process
    await until(() => camera.sink.frames.length > 3 || camera.error !== null, "frames", 30_000);
    expect(camera.error).toBe(null);
    expect(camera.sink.frames[0]).toMatchObject({ width: 64, height: 48 });
    expect(server.connections.length).toBe(1);
    program.kill("SIGKILL");
    await sending;
  });

  test("a camera that closes the connection ends the source with an error that allows a retry", async () => {
    using server = listen();
    await using camera = new CameraRun(sourceAt(server.url));
    const socket = await server.connection();
    await send(socket, PICTURES[0] as Uint8Array);
    await camera.pictures(1);
    socket.end();
    const { message, retry } = await camera.failure();
    expect([message, retry]).toEqual([`${server.url} has ended`, "soon"]);
  });

  test("the error for a refused connection names the camera", async () => {
    let url = "";
    {
      using server = listen();
      ({ url } = server);
    }
    await using camera = new CameraRun(sourceAt(url));
    const { message, retry } = await camera.failure();
    expect(message).toBe(`cannot read video from ${url}: Connection refused`);
    expect(retry).not.toBe(false);
  });

  test("the connection closes when the source is stopped", async () => {
    using server = listen();
    {
      await using camera = new CameraRun(sourceAt(server.url));
      await send(await server.connection(), PICTURES[0] as Uint8Array);
      await camera.pictures(1);
    }
    await until(() => server.closed.length === 1, "the connection to be closed");
  });
});

/** An address for this machine's own use (RFC 2365 6.1). */
const GROUP = "239.255.77.1";

/** Whether this machine has a route for multicast. */
async function hasMulticast(): Promise<boolean> {
  const socket = createSocket("udp4");
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.send("x", 9, GROUP, (error) => resolve(error === null));
  const hasRoute = await promise;
  socket.close();
  return hasRoute;
}

const canMulticast = await hasMulticast();

describe("UDP camera", () => {
  test("each JPEG is delivered with its last datagram, and the next ones after a loss", async () => {
    const port = await freeUdpPort();
    await using camera = new CameraRun(sourceAt(`udp://127.0.0.1:${port}?pkt_size=500`));
    const sender = createSocket("udp4");
    const datagrams = (picture: Uint8Array) =>
      Array.from({ length: Math.ceil(picture.length / 500) }, (_, n) => picture.slice(n * 500, n * 500 + 500));
    const sendOne = (datagram: Uint8Array) =>
      new Promise<void>((resolve) => sender.send(datagram, port, "127.0.0.1", () => resolve()));
    const [plain, noise] = [PICTURES[0] as Uint8Array, PICTURES[4] as Uint8Array];
    // The source might not have opened its port yet.
    while (camera.sink.jpegs.length === 0) {
      for (const datagram of datagrams(plain)) await sendOne(datagram);
      await Bun.sleep(50);
    }
    const before = camera.sink.jpegs.length;
    for (const [index, datagram] of datagrams(noise).entries()) if (index !== 3) await sendOne(datagram);
    for (const datagram of datagrams(noise)) await sendOne(datagram);
    await until(
      () => camera.sink.jpegs.some((jpeg, n) => n >= before && Bun.hash(jpeg) === Bun.hash(noise)),
      "the picture",
    );
    sender.close();
  });

  test("the pictures that ffmpeg sends are delivered", async () => {
    const port = await freeUdpPort();
    await using camera = new CameraRun(sourceAt(`udp://127.0.0.1:${port}`));
    const input = ["-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25"];
    const output = ["-c:v", "mjpeg", "-f", "mjpeg", `udp://127.0.0.1:${port}?pkt_size=1316`];
    const program = Bun.spawn(["ffmpeg", "-v", "error", ...input, ...output], {
      stdio: ["ignore", "ignore", "ignore"],
    });
    const jpegs = await camera.pictures(5);
    program.kill("SIGKILL");
    await program.exited;
    expect(jpegs.length).toBeGreaterThanOrEqual(5);
  });

  test.skipIf(!canMulticast)("several receivers join a multicast group", async () => {
    const port = await freeUdpPort();
    await using one = new CameraRun(sourceAt(`udp://${GROUP}:${port}`));
    await using other = new CameraRun(sourceAt(`udp://@${GROUP}:${port}`));
    const sender = createSocket("udp4");
    const picture = PICTURES[0] as Uint8Array;
    const sending = setInterval(() => sender.send(picture, port, GROUP), 20);
    for (const camera of [one, other]) expectPictures((await camera.pictures(2)).slice(0, 2), [picture, picture]);
    clearInterval(sending);
    sender.close();
  });

  test("a port that is in use gives an error", async () => {
    const port = await freeUdpPort();
    const other = createSocket("udp4");
    await new Promise<void>((resolve) => other.bind(port, "127.0.0.1", resolve));
    await using camera = new CameraRun(sourceAt(`udp://127.0.0.1:${port}`));
    expect((await camera.failure()).message).toContain(`port ${port} is in use`);
    other.close();
  });
});
