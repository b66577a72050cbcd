// The real Viewer and the real Connection over transports other than TCP: one in memory with back-pressure, and Bun's WebSocket.

import { afterEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Connection } from "../../src/connect/connection.ts";
import type { ConnectionEvents } from "../../src/connect/connection-events.ts";
import type { Picture } from "../../src/protocol/messages.ts";
import { GONE } from "../../src/protocol/transport.ts";
import { GoodbyeReason } from "../../src/protocol/wire.ts";
import { Viewer } from "../../src/server/deliver/viewer.ts";
import { MemoryTransport } from "../support/memory-transport.ts";
import { picture, PictureCamera } from "../support/picture-camera.ts";
import { until } from "../support/wait-until.ts";
import { openWebSocket } from "../support/web-socket-transport.ts";

const ADDRESS = { host: "a-test", port: 1, camera: "" };

/** Keeps copies of the pictures that a viewer gets, and acknowledges them. */
class Received {
  readonly pictures: Picture[] = [];
  connection: Connection | null = null;
  isWelcome = false;

  readonly events: ConnectionEvents = {
    onWelcome: () => {
      this.isWelcome = true;
    },
    onStream: () => undefined,
    onTiles: () => undefined,
    onNotice: () => undefined,
    onPicture: (received) => {
      this.pictures.push({ ...received, jpeg: new Uint8Array(received.jpeg) });
      const { frameNumber } = received;
      this.connection?.acknowledge({ frameNumber, outcome: "shown", transferMicros: 1, workMicros: 1, paceMicros: 1 });
    },
  };

  get numbers(): number[] {
    return this.pictures.map(({ frameNumber }) => frameNumber);
  }

  /** Whether each picture has the bytes that were published under its frame number. */
  get areWhole(): boolean {
    return this.pictures.every(({ frameNumber, jpeg }) => jpeg.every((byte) => byte === frameNumber));
  }
}

describe("Viewer and Connection over a transport in memory", () => {
  function join(link: { capacityBytes: number; chunkBytes: number }) {
    const [serverEnd, viewerEnd] = MemoryTransport.pair(link);
    const camera = new PictureCamera();
    const received = new Received();
    const viewer = new Viewer(
      Object.assign(serverEnd, { address: "memory", door: "tcp" as const, ip: "127.0.0.1" }),
      camera,
    );
    serverEnd.events = viewer;
    const connection = new Connection(viewerEnd, ADDRESS, received.events);
    viewerEnd.events = connection;
    received.connection = connection;
    return { serverEnd, viewerEnd, camera, viewer, connection, received };
  }

  test("Viewer and Connection: pictures arrive whole whatever the capacity and the chunk size of the transport", async () => {
    const link = fc.record({
      capacityBytes: fc.integer({ min: 1, max: 3000 }),
      chunkBytes: fc.integer({ min: 1, max: 900 }),
    });
    await fc.assert(
      fc.asyncProperty(link, async (sizes) => {
        const { camera, viewer, connection, received } = join(sizes);
        await until(() => received.isWelcome, "the Welcome");
        for (let frame = 1; frame <= 3; frame++) {
          camera.publish(picture(frame, 2000), viewer);
          await until(() => received.numbers.includes(frame) && viewer.settled, `picture ${frame}`);
        }
        expect(received.areWhole).toBe(true);
        connection.close();
        await until(() => camera.calls.includes("closed"), "the end");
        expect(camera.calls).toEqual(["watching", "gone: the viewer was closed", "closed"]);
      }),
      { numRuns: 25 },
    );
  });

  test("Viewer: while the other end does not read, only the newest picture waits", async () => {
    const { serverEnd, viewerEnd, camera, viewer, connection, received } = join({
      capacityBytes: 500,
      chunkBytes: 400,
    });
    await until(() => received.isWelcome, "the Welcome");
    viewerEnd.pause();
    for (let frame = 1; frame <= 20; frame++) camera.publish(picture(frame, 5000), viewer);
    expect(serverEnd.partialWrites).toBeGreaterThan(0);
    viewerEnd.resume();
    await until(() => received.numbers.includes(20) && viewer.settled, "the newest picture");
    expect(received.numbers).toEqual([1, 20]);
    expect(received.areWhole).toBe(true);
    connection.close();
  });

  test("Connection: a Goodbye after a waiting picture arrives, then the connection ends", async () => {
    const { camera, viewer, connection, received } = join({ capacityBytes: 300, chunkBytes: 300 });
    await until(() => received.isWelcome, "the Welcome");
    camera.publish(picture(1, 5000), viewer);
    viewer.leave(GoodbyeReason.end, "that was all");
    expect(await connection.ended).toEqual({
      goodbye: { reason: GoodbyeReason.end, text: "that was all" },
      text: "that was all",
    });
    expect(received.numbers).toEqual([1]);
    await until(() => camera.calls.includes("closed"), "the end");
  });

  test("Viewer: an aborted transport ends it", async () => {
    const { viewerEnd, camera, connection, received } = join({ capacityBytes: 300, chunkBytes: 300 });
    await until(() => received.isWelcome, "the Welcome");
    viewerEnd.abort();
    expect((await connection.ended).goodbye).toBeNull();
    expect(camera.calls).toEqual(["watching", "gone: the connection was aborted", "closed"]);
  });
});

describe("Viewer over a WebSocket", () => {
  interface Door extends Disposable {
    port: number;
    viewers: Viewer[];
    /** Return values of `send` that are not a number of bytes. */
    answers: number[];
  }

  let door: Door | null = null;
  afterEach(() => {
    door?.[Symbol.dispose]();
    door = null;
  });

  function openDoor(camera: PictureCamera): Door {
    const viewers: Viewer[] = [];
    const answers: number[] = [];
    const server = Bun.serve<{ viewer: Viewer | null }, never>({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request, serving) =>
        serving.upgrade(request, { data: { viewer: null } })
          ? undefined
          : new Response("no WebSocket", { status: 400 }),
      websocket: {
        open(socket) {
          const viewer = new Viewer(
            {
              door: "websocket",
              address: socket.remoteAddress,
              ip: socket.remoteAddress,
              write(bytes) {
                const answer = socket.send(bytes);
                if (answer <= 0) answers.push(answer);
                return answer === 0 ? GONE : bytes.length; // −1: queued, with back-pressure
              },
              get bufferedBytes() {
                return socket.getBufferedAmount();
              },
              end: () => socket.close(),
              abort: () => socket.terminate(),
            },
            camera,
          );
          socket.data.viewer = viewer;
          viewers.push(viewer);
        },
        message: (socket, message) => socket.data.viewer?.receive(message as Buffer),
        drain: (socket) => socket.data.viewer?.drained(),
        close: (socket) => socket.data.viewer?.closed("it hung up"),
      },
    });
    return { port: server.port ?? 0, viewers, answers, [Symbol.dispose]: () => void server.stop(true) };
  }

  /** The end of a viewer in a web page. */
  async function connect(port: number, received: Received): Promise<Connection> {
    const { receiver: connection } = await openWebSocket(
      `ws://127.0.0.1:${port}`,
      (transport) => new Connection(transport, ADDRESS, received.events),
    );
    received.connection = connection;
    return connection;
  }

  test("Viewer: −1 from a WebSocket means that the picture is queued: it arrives, and so do the next ones", async () => {
    const camera = new PictureCamera();
    const received = new Received();
    door = openDoor(camera);
    const connection = await connect(door.port, received);
    await until(() => received.isWelcome && connection.clock.known, "the Welcome and a Pong");
    const [viewer] = door.viewers as [Viewer];
    for (let frame = 1; frame <= 3; frame++) {
      camera.publish(picture(frame, 12_000_000), viewer);
      await until(() => received.numbers.includes(frame) && viewer.settled, `picture ${frame}`);
    }
    expect(door.answers).toContain(-1);
    expect(received.numbers).toEqual([1, 2, 3]);
    expect(received.areWhole).toBe(true);
    expect(camera.calls).toEqual(["watching"]);
    connection.close();
    await until(() => camera.calls.includes("closed"), "the end");
    expect(camera.calls).toEqual(["watching", "gone: the viewer was closed", "closed"]);
  });

  test("Viewer: while a WebSocket's queue is not empty, only the newest picture waits", async () => {
    const camera = new PictureCamera();
    const received = new Received();
    door = openDoor(camera);
    const connection = await connect(door.port, received);
    await until(() => received.isWelcome, "the Welcome");
    const [viewer] = door.viewers as [Viewer];
    for (let frame = 1; frame <= 20; frame++) camera.publish(picture(frame, 12_000_000), viewer);
    expect(viewer.settled).toBe(false);
    await until(() => received.numbers.includes(20) && viewer.settled, "the newest picture");
    expect(received.numbers).toEqual([1, 20]);
    expect(viewer.frames.picturesSkipped).toBe(18);
    connection.close();
  });
});
