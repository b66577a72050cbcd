// Messages to a service manager, over real datagram sockets with a path and with an abstract name.

import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEBIAN_PYTHON } from "../../scripts/setup/package-table.ts";
import { ServiceManager } from "../../src/system/service-manager.ts";
import { NotifySocket } from "../support/notify-socket.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "slipstream-test-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));
const hasPython = existsSync(DEBIAN_PYTHON);

const fail = (text: string) => {
  throw new Error(text);
};

test.skipIf(!hasPython).each([join(FOLDER, "notify"), `@slipstream-test-${process.pid}`])(
  "messages and signs of life reach %s, and the variables are removed",
  async (name) => {
    await using socket = await NotifySocket.open(name);
    const environment = {
      NOTIFY_SOCKET: name,
      WATCHDOG_USEC: "40000",
      WATCHDOG_PID: String(process.pid),
      OTHER: "stays",
    };
    using manager = ServiceManager.connect(fail, environment);
    expect(environment).toEqual({ OTHER: "stays" } as unknown as typeof environment);
    manager?.tell({ READY: "1", STATUS: "two\nlines" });
    await socket.until("the message", (messages) => messages.includes("READY=1 | STATUS=two lines"));
    await socket.until("signs of life", (messages) => messages.filter((line) => line === "WATCHDOG=1").length >= 2);
  },
);

test("a process that is no service, or whose socket cannot be used, goes on", () => {
  expect(ServiceManager.connect(fail, {})).toBeNull();
  const lines: string[] = [];
  expect(ServiceManager.connect((line) => lines.push(line), { NOTIFY_SOCKET: "relative" })).toBeNull();
  expect(lines).toEqual(["systemd is not told how this service is: NOTIFY_SOCKET is 'relative', which is no path"]);
  // Nobody listens there, so the message is dropped.
  using manager = ServiceManager.connect(fail, { NOTIFY_SOCKET: join(FOLDER, "nobody") });
  manager?.tell({ READY: "1" });
  expect(manager).not.toBeNull();
});

test.skipIf(!hasPython)("signs of life are for the process that systemd watches", async () => {
  await using socket = await NotifySocket.open(`@slipstream-test-other-${process.pid}`);
  const environment = {
    NOTIFY_SOCKET: `@slipstream-test-other-${process.pid}`,
    WATCHDOG_USEC: "20000",
    WATCHDOG_PID: "1",
  };
  using manager = ServiceManager.connect(fail, environment);
  await Bun.sleep(100);
  manager?.tell({ STOPPING: "1" });
  await socket.until("the message", (messages) => messages.length > 0);
  expect(socket.messages).toEqual(["STOPPING=1"]);
});

test.skipIf(!hasPython)(
  "after its end a manager sends nothing, not even over a socket that has got its descriptor",
  async () => {
    const name = `@slipstream-test-ended-${process.pid}`;
    await using socket = await NotifySocket.open(name);
    const ended = ServiceManager.connect(fail, { NOTIFY_SOCKET: name });
    ended?.[Symbol.dispose]();
    using other = ServiceManager.connect(fail, { NOTIFY_SOCKET: name });
    ended?.tell({ READY: "1" });
    other?.tell({ STOPPING: "1" });
    await socket.until("the message", (messages) => messages.includes("STOPPING=1"));
    expect(socket.messages).toEqual(["STOPPING=1"]);
  },
);
