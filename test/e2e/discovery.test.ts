// Discovery of servers: real multicast between two network namespaces, real programs and a real terminal.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { ViewReport } from "../../src/client/figures.ts";
import { Program, runToEnd, type Server, startServer, TEST_TIMEOUT_MS, TEST_VARIABLES } from "../support/programs.ts";
import { type Machine, openNetwork, whyNoNetwork } from "../support/two-machines.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const obstacle = whyNoNetwork();

/** Servers without keys. test/e2e/keys.test.ts tests keys. */
const PATTERN = ["--open", "--source", "pattern", "--size", "320x240", "--fps", "20"];

const serveOn = ({ through }: Machine, ...flags: string[]): Promise<Server> =>
  startServer([...PATTERN, ...flags], { through });

/** Starts a viewer that is given no address. */
const viewOn = ({ through }: Machine, ...flags: string[]) =>
  new Program<ViewReport>("view", ["--display", "none", "--json", ...flags], { through });

/** Whether a socket of the machine of a process has the port of multicast DNS (proc(5), /proc/[pid]/net/udp). */
function hasMulticastSocket(pid: number): boolean {
  return readFileSync(`/proc/${pid}/net/udp`, "utf8").includes(":14E9 "); // 5353
}

describe.skipIf(obstacle !== null)(
  `a viewer without an address${obstacle === null ? "" : ` (skipped: ${obstacle})`}`,
  () => {
    test("view: finds the server of another machine and shows its pictures", async () => {
      using network = openNetwork();
      const [there, here] = network.machines;
      await using server = await serveOn(there, "--host", "0.0.0.0");
      await using viewer = viewOn(here, "--frames", "3");
      expect(await viewer.end()).toBe(0);
      expect(viewer.remarks).toContain(`found pattern on ${there.address}:${server.port}`);
      expect(viewer.last).toMatchObject({ frames: 3, source: "pattern", server: `${there.address}:${server.port}` });
    });

    test("view: prefers the server of this machine", async () => {
      using network = openNetwork();
      const [there, here] = network.machines;
      await using _ = await serveOn(there, "--host", "0.0.0.0");
      await using own = await serveOn(here, "--port", "10050");
      await using viewer = viewOn(here, "--frames", "3");
      expect(await viewer.end()).toBe(0);
      expect(viewer.remarks).not.toContain("found");
      await own.until("its viewer", ({ remarks }) => remarks.includes("is watching"));
      expect(own.remarks).not.toContain("refused"); // the search for a server leaves no line in the server's log
    });

    test("view: lists several servers without a terminal, and asks for one on a terminal", async () => {
      using network = openNetwork();
      const [there, here] = network.machines;
      await using first = await serveOn(there, "--host", "0.0.0.0", "--port", "10061");
      await using second = await serveOn(there, "--host", there.address, "--port", "10062");
      const { code, remarks } = await runToEnd("view", ["--display", "none"], { through: here.through });
      expect(code).toBe(2);
      expect(remarks.trim().split("\n").length).toBe(1);
      for (const { port } of [first, second]) expect(remarks).toContain(`pattern on ${there.address}:${port}`);

      // script(1) gives the viewer a terminal.
      const script = new URL("../../src/cli/view.ts", import.meta.url).pathname;
      const command = [...here.through, process.execPath, script, "--display", "none", "--frames", "3"].join(" ");
      const terminal = Bun.spawn(["script", "-qec", command, "/dev/null"], {
        stdin: "pipe",
        stdout: "pipe",
        stderr: "pipe",
        env: { ...process.env, ...TEST_VARIABLES },
      });
      let said = "";
      const answers = ["7\n", "2\n"]; // there is no server number 7, so the viewer asks again
      for await (const chunk of terminal.stdout) {
        const questions = said.split("Which one?").length;
        said += Buffer.from(chunk).toString();
        if (said.split("Which one?").length === questions) continue;
        terminal.stdin.write(answers.shift() ?? "");
        terminal.stdin.flush();
      }
      expect(await terminal.exited).toBe(0);
      expect(said).toContain(`2  pattern on ${there.address}:${second.port}`);
      await second.until("its viewer", ({ remarks: all }) => all.includes(`viewer ${here.address}:`));
      expect(first.remarks).not.toContain(`viewer ${here.address}:`);
    });

    test.each([
      ["a server on 127.0.0.1", ["--port", "10063"]],
      ["a server with --no-announce", ["--host", "0.0.0.0", "--no-announce"]],
    ])("serve: %s is not announced", async (_, flags) => {
      using network = openNetwork();
      const [there, here] = network.machines;
      await using server = await serveOn(there, ...flags);
      await using viewer = viewOn(here, "--once");
      expect(await viewer.end()).toBe(1);
      expect(viewer.remarks).toContain("no server was found on the network");
      expect(server.remarks).not.toContain("announced");
    });

    test("view: does not list a server that has ended", async () => {
      using network = openNetwork();
      const [there, here] = network.machines;
      const server = await serveOn(there, "--host", "0.0.0.0");
      expect(await server.end("SIGTERM")).toBe(0);
      await using viewer = viewOn(here, "--once");
      expect(await viewer.end()).toBe(1);
      expect(viewer.remarks).toContain("no server was found on the network");
    });

    test("view: does not choose a server that ends during the search", async () => {
      using network = openNetwork();
      const [there, here] = network.machines;
      const server = await serveOn(there, "--host", "0.0.0.0");
      await using viewer = viewOn(here, "--once");
      await viewer.until("its search", ({ child }) => hasMulticastSocket(child.pid));
      await Bun.sleep(200); // it has sent its first query, and listens for two seconds
      expect(await server.end("SIGTERM")).toBe(0);
      expect(await viewer.end()).toBe(1);
      expect(viewer.remarks).toContain("no server was found on the network");
    });

    test("serve: answers few of a flood of queries, and its viewer goes on", async () => {
      using network = openNetwork();
      const [there, here] = network.machines;
      await using server = await serveOn(there, "--host", "0.0.0.0");
      await using viewer = viewOn(there, `127.0.0.1:${server.port}`);
      await viewer.until("10 frames", ({ last }) => (last?.frames ?? 0) > 10);
      const script = new URL("../support/mdns-flood.ts", import.meta.url).pathname;
      const flood = Bun.spawnSync([...here.through, process.execPath, script, there.address]);
      const { questions, answers } = JSON.parse(flood.stdout.toString());
      expect(answers).toBeGreaterThan(0);
      expect(answers).toBeLessThan(questions / 20);
      const before = viewer.last?.frames ?? 0;
      await viewer.until("20 more frames", ({ last }) => (last?.frames ?? 0) > before + 20);
      expect(viewer.last?.reconnects).toBe(0);
    });

    test("serve: without multicast the log has one line, and viewers can connect", async () => {
      using network = openNetwork();
      const [there, here] = network.machines;
      there.run("route", "del", "default");
      there.run("route", "add", "unreachable", "224.0.0.0/4");
      await using server = await serveOn(there, "--host", "0.0.0.0");
      await server.until("the line", ({ remarks }) => remarks.includes("the server is not announced on the network"));
      await using viewer = new Program<ViewReport>(
        "view",
        [`${there.address}:${server.port}`, "--display", "none", "--frames", "30"],
        { through: here.through },
      );
      expect(await viewer.end()).toBe(0);
      expect(server.remarks.split("not announced").length).toBe(2);
      expect(await server.end("SIGTERM")).toBe(0);
    });
  },
);
