// The TLS door: the binding of proofs to a session, bytes in both directions, and handshakes that fail. Compared with openssl.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT_LOG } from "../../../src/core/log.ts";
import { BINDING_LABEL } from "../../../src/protocol/tls.ts";
import type { TransportEvents } from "../../../src/protocol/transport.ts";
import { GoodbyeReason } from "../../../src/protocol/wire.ts";
import { type IdentitySource, openIdentity } from "../../../src/server/access/identity.ts";
import type { ViewerConnection } from "../../../src/server/deliver/viewer-host.ts";
import { acceptTls } from "../../../src/server/doors/tls.ts";
import { openTcpDoor, type TcpDoor } from "../../../src/server/doors/tcp.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";
import { until } from "../../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

let folder = "";
let identity: IdentitySource;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
  identity = await openIdentity(null, folder, SILENT_LOG);
});
afterAll(() => rm(folder, { recursive: true }));

/** A connection at the door, with the events that it got. */
interface Visit {
  connection: ViewerConnection;
  bindings: (Uint8Array | null)[];
  received: string;
  left: { reason: number; text: string }[];
  closed: string[];
}

/** Opens a door whose connections answer each message with `answer`. */
function openDoor(answer = ""): { door: TcpDoor; visits: Visit[] } {
  const visits: Visit[] = [];
  const connect = (connection: ViewerConnection) => {
    const bindings = [connection.binding ?? null];
    const visit: Visit = { connection, bindings, received: "", left: [], closed: [] };
    visits.push(visit);
    return {
      receive(bytes: Uint8Array) {
        bindings.push(connection.binding ?? null);
        visit.received += Buffer.from(bytes).toString();
        if (answer !== "") connection.write(Buffer.from(answer));
      },
      drained: () => undefined,
      closed: (text: string) => void visit.closed.push(text),
      leave: (reason: number, text: string) => void visit.left.push({ reason, text }),
    };
  };
  return { door: openTcpDoor({ host: "127.0.0.1", port: 0, identity, connect }), visits };
}

/** Sends text to the door with openssl, and resolves with the output of openssl. */
async function speak(port: number, ...flags: string[]): Promise<string> {
  const child = Bun.spawn(["openssl", "s_client", "-connect", `127.0.0.1:${port}`, ...flags], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.write("hello\n");
  child.stdin.flush();
  let text = "";
  for await (const chunk of child.stdout) {
    text += Buffer.from(chunk).toString();
    if (text.includes("answered")) child.stdin.end();
  }
  await child.exited;
  return text;
}

describe("TLS door", () => {
  test.each(["-tls1_3", "-tls1_2"])(
    "TLS door: both ends of a session export the same binding, and each session has its own (%s)",
    async (version) => {
      const { door, visits } = openDoor("answered");
      const seen = new Set<string>();
      for (let turn = 0; turn < 2; turn++) {
        const text = await speak(door.port, version, "-keymatexport", BINDING_LABEL, "-keymatexportlen", "32");
        const exported = /Keying material: ([0-9A-F]{64})/.exec(text)?.[1]?.toLowerCase();
        const visit = visits[turn];
        expect(visit?.received).toBe("hello\n");
        expect(text).toContain("answered");
        const [before, during] = visit?.bindings ?? [];
        expect(before).toBeNull(); // there is no session yet
        expect(Buffer.from(during ?? []).toString("hex")).toBe(exported ?? "none");
        seen.add(exported ?? "none");
      }
      expect(seen.size).toBe(2);
      door.close();
    },
  );

  test("TLS door: a Goodbye that is sent before the handshake arrives after it, and then the connection ends", async () => {
    const goodbye = "answered: too many viewers";
    const connect = (connection: ViewerConnection) => {
      connection.write(Buffer.from(goodbye));
      connection.end();
      return null;
    };
    const door = openTcpDoor({ host: "127.0.0.1", port: 0, identity, connect });
    expect(await speak(door.port, "-quiet")).toContain(goodbye);
    door.close();
  });

  test("TLS door: a peer without TLS is told that TLS is needed, even when its first bytes come one by one", async () => {
    const { door, visits } = openDoor();
    await Bun.connect({
      hostname: "127.0.0.1",
      port: door.port,
      socket: {
        async open(socket) {
          socket.setNoDelay(true);
          socket.write(Buffer.from([0x16])); // TLS begins with this byte, and so does a Hello of this length
          socket.flush();
          await Bun.sleep(50);
          socket.write(Buffer.from([0, 0, 0, 1]));
        },
        data: () => undefined,
      },
    });
    await until(() => (visits[0]?.left.length ?? 0) > 0, "the farewell");
    expect(visits[0]?.left[0]?.reason).toBe(GoodbyeReason.needsTls);
    door.close();
  });

  test("TLS door: a connection without bytes is closed without a message, and a record of random bytes fails the handshake", async () => {
    const { door, visits } = openDoor();
    const visit = async (bytes: Uint8Array | null) => {
      const socket = await Bun.connect({ hostname: "127.0.0.1", port: door.port, socket: { data: () => undefined } });
      if (bytes === null) socket.end();
      else socket.write(bytes);
    };
    await visit(null);
    await until(() => visits[0]?.closed.length === 1, "the end of the scanner");
    expect(visits[0]?.left).toEqual([]);
    await visit(Buffer.from(`1603010040${"a7".repeat(64)}`, "hex"));
    await until(() => visits[1]?.closed.length === 1, "the end of the garbage");
    expect(visits[1]?.left).toEqual([
      { reason: GoodbyeReason.protocol, text: expect.stringMatching(/^the TLS handshake failed: [A-Z_]+$/) },
    ]);
    door.close();
  });
});

// BoringSSL delivers no bytes before the end of the handshake, so no real peer reaches this guard. Its socket is made up.
test("TLS door: bytes that are decrypted before the handshake is done do not reach the guest, and end the connection", () => {
  type Events = {
    handshake: (socket: object, isDone: boolean) => void;
    data: (socket: object, bytes: Uint8Array) => void;
  };
  const calls: string[] = [];
  let events: Partial<Events> = {};
  const raw = { remoteAddress: "192.0.2.1", remotePort: 1, data: null as TransportEvents | null };
  const secured = { terminate: () => calls.push("abort") };
  const upgradeTLS = (upgrade: { socket: Events }) => {
    events = upgrade.socket;
    return [raw, secured];
  };
  const guest = { receive: () => calls.push("received"), drained: () => undefined, closed: () => undefined };
  const socket = { ...raw, upgradeTLS } as unknown as Parameters<typeof acceptTls>[0];
  acceptTls(socket, identity.current, () => guest);
  raw.data?.receive(Buffer.from([0x16, 3, 1]));
  events.data?.(secured, Buffer.from("early"));
  expect(calls).toEqual(["abort"]);
  events.handshake?.(secured, true);
  events.data?.(secured, Buffer.from("in time"));
  expect(calls).toEqual(["abort", "received"]);
});
