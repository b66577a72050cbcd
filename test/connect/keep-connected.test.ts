// The loop that keeps a viewer connected, with servers in memory: when it tries again, when it stops, and its messages.

import { describe, expect, test } from "bun:test";
import { Connection } from "../../src/connect/connection.ts";
import { KeepConnected } from "../../src/connect/keep-connected.ts";
import { ConnectionError } from "../../src/core/errors.ts";
import { writeCameras } from "../../src/protocol/cameras.ts";
import { writeWelcome } from "../../src/protocol/greeting.ts";
import { Peer } from "../../src/protocol/peer.ts";
import { GoodbyeReason, WIRE_VERSION } from "../../src/protocol/wire.ts";
import { MemoryTransport } from "../support/memory-transport.ts";
import { until } from "../support/wait-until.ts";

const ADDRESS = { host: "a-test", port: 1, camera: "" };
const WELCOME = writeWelcome({ version: WIRE_VERSION, software: "a test", sourceName: "a source" });
const ENDED = writeCameras([{ name: "a source", hasEnded: true, width: 0, height: 0, framesPerSecond: 0 }]);

/** The result of one attempt to connect. */
interface Try {
  /** The attempt fails with this error. */
  fails?: ConnectionError;
  welcomes?: boolean;
  /** After its Welcome the server lists the camera as ended. */
  lists?: boolean;
  /** The server says goodbye with this reason and text. If it is missing, the connection stays. */
  leaves?: [GoodbyeReason, string];
}

const REFUSED: Try = { fails: new ConnectionError("nothing listens") };

/** A loop whose attempts have these results, one after the other. The last result repeats. */
class Stand {
  readonly said: string[] = [];
  readonly waiting: string[] = [];
  readonly states: boolean[] = [];
  readonly stopping = new AbortController();
  readonly loop: KeepConnected;
  /** For each refused key, whether a key was right before. */
  readonly refusals: boolean[] = [];
  tries = 0;
  readonly #plan: readonly Try[];
  readonly #otherKeys: number;

  constructor(plan: readonly Try[], { once = false, wait = false, otherKeys = 0 } = {}) {
    this.#plan = plan;
    this.#otherKeys = otherKeys;
    this.loop = new KeepConnected(
      { address: ADDRESS, once, wait, stopped: this.stopping.signal },
      {
        connect: async () => this.#connect(),
        keyRefused: async (wasWelcome) => {
          this.refusals.push(wasWelcome);
          if (this.refusals.length > this.#otherKeys) throw new ConnectionError("there is no other key");
        },
        onConnection: (connection) => void this.states.push(connection !== null),
        onWaiting: (text) => void this.waiting.push(text),
        say: (text) => void this.said.push(text),
      },
    );
  }

  #connect(): Connection {
    const {
      fails,
      welcomes = false,
      lists = false,
      leaves,
    } = this.#plan[Math.min(this.tries++, this.#plan.length - 1)] as Try;
    if (fails !== undefined) throw fails;
    const [serverEnd, viewerEnd] = MemoryTransport.pair({ capacityBytes: 4096, chunkBytes: 4096 });
    const server: Peer = new Peer(serverEnd, "server", {
      onGreeting() {
        if (welcomes) {
          server.send(WELCOME);
          if (lists) server.send(ENDED);
          server.accept();
        }
        if (leaves !== undefined) server.leave(...leaves);
      },
      onMessage: () => true,
      onGone: () => undefined,
    });
    serverEnd.events = server;
    const ignore = () => undefined;
    const events = { onWelcome: ignore, onStream: ignore, onPicture: ignore, onTiles: ignore, onNotice: ignore };
    const connection = new Connection(viewerEnd, ADDRESS, events);
    viewerEnd.events = connection;
    return connection;
  }
}

describe("KeepConnected: next attempts", () => {
  test("KeepConnected: connects again after a failed attempt and after a lost connection", async () => {
    const stand = new Stand([
      REFUSED,
      { welcomes: true, leaves: [GoodbyeReason.shutdown, "over"] },
      { welcomes: true },
    ]);
    const running = stand.loop.run();
    await until(() => stand.tries === 3, "the third try");
    stand.stopping.abort();
    await running;
    expect(stand.said).toEqual(["nothing listens; trying again", "over; trying again"]);
    expect(stand.states).toEqual([true, false, true, false]);
    expect(stand.waiting.slice(0, 3)).toEqual(["waiting for a-test:1", "nothing listens", "waiting for a-test:1"]);
  });

  test("KeepConnected: reports the same failure once, and again after a connection", async () => {
    const over: Try = { welcomes: true, leaves: [GoodbyeReason.other, "over"] };
    const stand = new Stand([REFUSED, REFUSED, over, over, { welcomes: true }]);
    const running = stand.loop.run();
    await until(() => stand.tries === 5, "the fifth try");
    stand.stopping.abort();
    await running;
    expect(stand.said).toEqual(["nothing listens; trying again", "over; trying again", "over; trying again"]);
  });

  test("KeepConnected: retryNow ends the pause after a failed attempt", async () => {
    const stand = new Stand([...Array<Try>(6).fill(REFUSED), { welcomes: true }]);
    const running = stand.loop.run();
    // The pauses take 6 s in all, the turns of the event loop only milliseconds.
    for (let turn = 0; turn < 200 && stand.tries < 7; turn++) {
      stand.loop.retryNow();
      await new Promise(setImmediate);
    }
    expect(stand.tries).toBe(7);
    stand.stopping.abort();
    await running;
  });

  test("KeepConnected: retryNow does not end the pause after a Goodbye", async () => {
    const stand = new Stand([{ leaves: [GoodbyeReason.full, "full"] }]);
    const running = stand.loop.run();
    await until(() => stand.said.length === 1, "the Goodbye");
    for (let turn = 0; turn < 20; turn++) {
      stand.loop.retryNow();
      await new Promise(setImmediate);
    }
    expect(stand.tries).toBe(1);
    stand.stopping.abort();
    await running;
  });

  test.each([
    ["says so instead of a Welcome", { leaves: [GoodbyeReason.end, "it has ended"] }],
    ["lists it as ended", { welcomes: true, lists: true, leaves: [GoodbyeReason.end, "it has ended"] }],
  ] satisfies [string, Try][])(
    "KeepConnected: asks every 30 s for a camera that has ended: the server %s",
    async (_, over) => {
      const stand = new Stand([over]);
      const running = stand.loop.run();
      await until(() => stand.said.length === 1, "the Goodbye");
      expect(stand.said).toEqual(["it has ended; asking again every 30 s"]);
      stand.stopping.abort();
      await running;
      expect(stand.tries).toBe(1);
    },
  );
});

describe("KeepConnected: keys", () => {
  const needsKey: Try = { leaves: [GoodbyeReason.needsKey, "a key is needed"] };
  const wrongKey: Try = { leaves: [GoodbyeReason.wrongKey, "the key is wrong"] };

  test("KeepConnected: connects at once with another key, and says nothing", async () => {
    const stand = new Stand([needsKey, wrongKey, { welcomes: true }], { otherKeys: 2 });
    const running = stand.loop.run();
    await until(() => stand.states.filter((isOpen) => isOpen).length === 3, "the third connection");
    stand.stopping.abort();
    await running;
    expect(stand.refusals).toEqual([false, false]);
    expect(stand.said).toEqual([]);
  });

  test.each([false, true])("KeepConnected: ends when there is no other key, with wait %p", async (wait) => {
    const stand = new Stand([wrongKey], { wait });
    await expect(stand.loop.run()).rejects.toThrow("there is no other key");
    expect(stand.tries).toBe(1);
  });

  test("KeepConnected: asks for another key when the key is revoked", async () => {
    const revoked: Try = { welcomes: true, leaves: [GoodbyeReason.wrongKey, "the key was removed"] };
    const stand = new Stand([revoked, { welcomes: true, leaves: [GoodbyeReason.wrongKey, "this one, too"] }], {
      otherKeys: 1,
    });
    await expect(stand.loop.run()).rejects.toThrow("there is no other key");
    expect(stand.refusals).toEqual([true, true]);
  });

  test("KeepConnected: with once, a key may be given at first, and its revocation ends the loop", async () => {
    const revoked: Try = { welcomes: true, leaves: [GoodbyeReason.wrongKey, "the key was removed"] };
    const stand = new Stand([needsKey, revoked], { once: true, otherKeys: 1 });
    await expect(stand.loop.run()).rejects.toThrow("a-test:1: the key was removed");
    expect(stand.refusals).toEqual([false]);
  });
});

describe("KeepConnected: end", () => {
  test("KeepConnected: with once, throws the failure of the first attempt", async () => {
    await expect(new Stand([REFUSED], { once: true }).loop.run()).rejects.toThrow("nothing listens");
  });

  test("KeepConnected: with once, ends after the Goodbye of a server that shuts down, and throws after any other", async () => {
    const orderly = new Stand([{ welcomes: true, leaves: [GoodbyeReason.end, "that was all"] }], { once: true });
    await orderly.loop.run();
    expect(orderly.said).toEqual(["that was all"]);
    const full = new Stand([{ leaves: [GoodbyeReason.full, "full"] }], { once: true });
    await expect(full.loop.run()).rejects.toThrow("a-test:1: full");
  });

  test("KeepConnected: throws at once if the host is unknown or has no such camera", async () => {
    const cause = Object.assign(new Error("getaddrinfo"), { code: "ENOTFOUND" });
    const unknown = new Stand([{ fails: new ConnectionError("unknown host", { cause }) }]);
    await expect(unknown.loop.run()).rejects.toThrow("unknown host");
    const noCamera = new Stand([{ leaves: [GoodbyeReason.noCamera, "there is no such camera"] }]);
    await expect(noCamera.loop.run()).rejects.toThrow("there is no such camera");
  });

  test("KeepConnected: with wait, keeps trying for an unknown host, a closed port and an unknown camera until the first picture", async () => {
    const cause = Object.assign(new Error("getaddrinfo"), { code: "ENOTFOUND" });
    const plan: Try[] = [
      { fails: new ConnectionError("unknown host", { cause }) },
      REFUSED,
      { leaves: [GoodbyeReason.noCamera, "there is no such camera"] },
      { welcomes: true, leaves: [GoodbyeReason.end, "that was all"] },
    ];
    const stand = new Stand(plan, { once: true, wait: true });
    await stand.loop.run();
    expect(stand.said).toEqual([
      "unknown host; trying again",
      "nothing listens; trying again",
      "there is no such camera; trying again",
      "that was all",
    ]);
  });

  test("KeepConnected: keeps trying for an unknown host once a server has been reached", async () => {
    const cause = Object.assign(new Error("getaddrinfo"), { code: "ENOTFOUND" });
    const stand = new Stand([
      { welcomes: true, leaves: [GoodbyeReason.shutdown, "over"] },
      { fails: new ConnectionError("unknown host", { cause }) },
    ]);
    const running = stand.loop.run();
    await until(() => stand.tries >= 3, "the third try");
    stand.stopping.abort();
    await running;
  });
});
