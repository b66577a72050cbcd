// A port that never answers a connection, as if behind a firewall: the listener's queue is full, so the kernel drops each SYN.

import type { Socket } from "bun";

const MORE_THAN_THE_QUEUE = 700;
const SETTLED_MS = 300;
/** The process also ends when the test that started it is killed. */
const LONGEST_MS = 120_000;

export interface BlackHole extends Disposable {
  port: number;
}

/** Starts a process that listens but never accepts, and fills its queue. */
export async function openBlackHole(): Promise<BlackHole> {
  const script = `
    const { port } = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    setTimeout(() => {
      require("node:fs").writeSync(1, port + "\\n"); // the process accepts no connection after this
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${LONGEST_MS});
      process.exit();
    });`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdin: "ignore", stdout: "pipe" });
  const { value } = await child.stdout.getReader().read();
  const port = Number(Buffer.from(value ?? []).toString());
  const open: Socket<undefined>[] = [];
  for (let i = 0; i < MORE_THAN_THE_QUEUE; i++) {
    const socket = { open: (each: Socket<undefined>) => void open.push(each), data: () => undefined };
    void Bun.connect({ hostname: "127.0.0.1", port, socket: { ...socket, connectError: () => undefined } }).catch(
      () => undefined,
    );
  }
  for (let before = -1; open.length === 0 || open.length !== before;) {
    before = open.length;
    await Bun.sleep(SETTLED_MS);
  }
  if (open.length === MORE_THAN_THE_QUEUE) throw new Error("the queue of the listener has no end");
  return {
    port,
    [Symbol.dispose]() {
      child.kill("SIGKILL");
      for (const socket of open) socket.terminate();
    },
  };
}
