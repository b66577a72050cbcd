// The TCP door on localhost: IPv4 and IPv6 on one port.

import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Socket } from "bun";
import { sendQueuesMiB } from "../../../bench/process-figures.ts";
import { SILENT_LOG } from "../../../src/core/log.ts";
import { openIdentity } from "../../../src/server/access/identity.ts";
import type { ViewerConnection } from "../../../src/server/deliver/viewer-host.ts";
import { until } from "../../support/wait-until.ts";
import { ConnectionError } from "../../../src/core/errors.ts";
import { type Connect, type DoorGuest, openTcpDoor } from "../../../src/server/doors/tcp.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const ignore = () => undefined;
const EVENTS: DoorGuest = { receive: ignore, drained: ignore, closed: ignore, leave: ignore };

function connectTo(hostname: string, port: number): Promise<boolean> {
  return Bun.connect({ hostname, port, socket: { data: ignore, connectError: ignore } }).then(
    (socket) => {
      socket.terminate();
      return true;
    },
    () => false,
  );
}

test("openTcpDoor: listens on localhost by IPv4 and IPv6 on one port, and close ends both", async () => {
  const addresses: string[] = [];
  const connect: Connect = ({ address }) => {
    addresses.push(address.replace(/:\d+$/, ""));
    return EVENTS;
  };
  const door = openTcpDoor({ host: "localhost", port: 0, identity: null, connect });
  expect(await Promise.all(["127.0.0.1", "::1", "localhost"].map((host) => connectTo(host, door.port)))).toEqual([
    true,
    true,
    true,
  ]);
  while (addresses.length < 3) await Bun.sleep(1);
  expect(new Set(addresses)).toEqual(new Set(["127.0.0.1", "[::1]"]));
  door.close();
  expect(await Promise.all(["127.0.0.1", "::1"].map((host) => connectTo(host, door.port)))).toEqual([false, false]);
});

test.each(["127.0.0.1", "::1"])("openTcpDoor: a port that is in use on %s is in use for localhost", async (host) => {
  const listener = Bun.listen({ hostname: host, port: 0, socket: { data: ignore } });
  const open = () => openTcpDoor({ host: "localhost", port: listener.port, identity: null, connect: () => EVENTS });
  expect(open).toThrow(ConnectionError);
  expect(open).toThrow(`port ${listener.port} on localhost is in use`);
  const other = host === "::1" ? "127.0.0.1" : "::1";
  expect(await connectTo(other, listener.port)).toBe(false); // the address that was free is free again
  listener.stop(true);
});

/** Whether this machine allows the test a network namespace without IPv6. */
const WITHOUT_IPV6 = [
  "unshare",
  "-n",
  "sh",
  "-c",
  'ip link set lo up && sysctl -qw net.ipv6.conf.all.disable_ipv6=1 && exec "$@"',
  "sh",
];
const canSwitchOff = Bun.which("unshare") !== null && Bun.spawnSync([...WITHOUT_IPV6, "true"]).success;

test.skipIf(!canSwitchOff)("openTcpDoor: listens on localhost even on a machine without IPv6", () => {
  const module = new URL("../../../src/server/doors/tcp.ts", import.meta.url).href;
  const script = `
    import { openTcpDoor } from ${JSON.stringify(module)};
    const door = openTcpDoor({ host: "localhost", port: 0, identity: null, connect: () => ({ receive() {}, drained() {}, closed() {}, leave() {} }) });
    const socket = await Bun.connect({ hostname: "127.0.0.1", port: door.port, socket: { data() {} } });
    console.log(socket.remoteAddress);
    process.exit(0);`;
  const { stdout, stderr } = Bun.spawnSync([...WITHOUT_IPV6, process.execPath, "-e", script]);
  expect([stdout.toString(), stderr.toString()]).toEqual(["127.0.0.1\n", ""]);
});

test.each(["without TLS", "with TLS"])(
  "openTcpDoor: %s, a connection that is shunned ends without a byte",
  async (way) => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "slipstream-test-"));
    const identity = way === "with TLS" ? await openIdentity(null, folder.path, SILENT_LOG) : null;
    const seen: string[] = [];
    const connect = () => {
      seen.push("connected");
      return EVENTS;
    };
    const shuns = (ip: string) => seen.push(ip) === 1;
    const door = openTcpDoor({ host: "127.0.0.1", port: 0, identity, connect, shuns });
    const closed = Promise.withResolvers<void>();
    const data = () => void seen.push("data");
    await Bun.connect({
      hostname: "127.0.0.1",
      port: door.port,
      socket: { data, close: () => closed.resolve(), error: ignore },
    });
    await closed.promise;
    expect(seen).toEqual(["127.0.0.1"]);
    const second = await Bun.connect({ hostname: "127.0.0.1", port: door.port, socket: { data, error: ignore } });
    await until(() => seen.length > 2, "the second connection");
    expect(seen).toEqual(["127.0.0.1", "127.0.0.1", "connected"]);
    second.terminate();
    door.close();
  },
);

test.skipIf(process.platform !== "linux").each(["without TLS", "with TLS"])(
  "openTcpDoor: %s, a connection that was ended can still be aborted, so the kernel keeps no bytes that nobody reads",
  async (way) => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "slipstream-test-"));
    const identity = way === "with TLS" ? await openIdentity(null, folder.path, SILENT_LOG) : null;
    const queued = Promise.withResolvers<ViewerConnection>();
    const connect: Connect = (connection) => ({
      ...EVENTS,
      receive() {
        connection.write(new Uint8Array(4_000_000));
        connection.end();
        queued.resolve(connection);
      },
    });
    const door = openTcpDoor({ host: "127.0.0.1", port: 0, identity, connect });
    const peer = await Bun.connect({
      hostname: "127.0.0.1",
      port: door.port,
      ...(identity === null ? {} : { tls: { rejectUnauthorized: false } }),
      socket: {
        open: (socket) => void (identity === null && begin(socket)),
        handshake: begin,
        data: ignore,
        error: ignore,
      },
    });
    const connection = await queued.promise;
    await until(() => sendQueuesMiB(door.port) > 0.5, "bytes in the kernel");
    connection.abort();
    await until(() => sendQueuesMiB(door.port) === 0, "no bytes in the kernel");
    peer.terminate();
    door.close();
  },
);

/** Sends a byte and reads nothing. */
function begin(socket: Socket): void {
  socket.write("x");
  socket.pause();
}
