// Camera controls on the viewer's command line: any viewer can list them, and set them if the server allows it.

import { expect, setDefaultTimeout, test } from "bun:test";
import { lineLog } from "../../src/core/log.ts";
import { serve } from "../../src/server/serve.ts";
import { createPattern } from "../../src/capture/pattern/pattern.ts";
import { controlValue, findControl } from "../../src/capture/control-values.ts";
import type { SourceControl, Source } from "../../src/capture/source.ts";
import { supervise } from "../../src/capture/supervise/supervise.ts";
import { runToEnd, startServer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const COMMON = { title: "", menu: [], isReadOnly: false, isInactive: false };

/** The number of times that a camera's controls were closed. */
let closed = 0;

/** A test pattern with camera controls that keep their values. */
function createCameraSource(): Source {
  const controls: SourceControl[] = [
    { ...COMMON, name: "brightness", type: "integer", minimum: -64, maximum: 64, step: 2, defaultValue: 0, value: 4 },
    { ...COMMON, name: "hue_auto", type: "boolean", minimum: 0, maximum: 1, step: 1, defaultValue: 1, value: 1 },
    { ...COMMON, name: "reset", type: "button", minimum: 0, maximum: 0, step: 0, defaultValue: 0, value: null },
    {
      ...COMMON,
      name: "exposure_auto",
      type: "menu",
      minimum: 1,
      maximum: 3,
      step: 1,
      defaultValue: 3,
      value: 3,
      menu: [
        { value: 1, label: "Manual Mode" },
        { value: 3, label: "Aperture Priority Mode" },
      ],
    },
  ];
  return {
    ...createPattern({ width: 320, height: 240 }, 10),
    controls: {
      list: () => Promise.resolve(controls),
      async set(name, text) {
        const control = findControl(controls, name);
        control.value = controlValue(control, text);
      },
      close() {
        closed++;
        return Promise.resolve();
      },
    },
  };
}

async function withServer(
  allowControls: boolean,
  act: (address: string, lines: string[]) => Promise<void>,
): Promise<void> {
  const lines: string[] = [];
  const server = await serve({
    cameras: [{ name: "door", source: supervise(createCameraSource()) }],
    workers: 1,
    port: 0,
    allowControls,
    maxLatencyMs: null,
    log: lineLog((text) => lines.push(text)),
  });
  try {
    await act(`127.0.0.1:${server.port}`, lines);
  } finally {
    const before = closed;
    await server.close();
    expect(closed).toBe(before + 1);
  }
}

async function run(...flags: string[]): Promise<{ code: number; output: string; remarks: string }> {
  const { code, remarks, program } = await runToEnd("view", flags, { rawOutput: true });
  return { code, output: program.bytes.toString(), remarks };
}

test("view --controls and --set: list controls, and set them by number, word or label", async () => {
  await withServer(true, async (address, lines) => {
    expect((await run(address, "--controls")).output).toBe(
      `brightness     4  (-64 to 64 in steps of 2, default 0)
hue_auto       on  (off to on, default on)
exposure_auto  Aperture Priority Mode  (1 (Manual Mode), 3 (Aperture Priority Mode), default Aperture Priority Mode)
`,
    );
    const flags = ["--set", "brightness=-8", "--set", "exposure_auto=manual mode", "--set", "hue_auto=off"];
    const set = await run(`${address}/door`, ...flags);
    expect(set).toMatchObject({ code: 0, remarks: "" });
    expect(set.output.split("\n")[0]).toBe("brightness     -8  (-64 to 64 in steps of 2, default 0)");
    expect(lines.filter((text) => text.includes("set")).map((text) => text.replace(/viewer \S+/, "viewer"))).toEqual([
      "viewer set brightness to -8",
      "viewer set exposure_auto to manual mode",
      "viewer set hue_auto to off",
    ]);
    const { areSettable, controls } = JSON.parse((await run(address, "--controls", "--json")).output);
    expect(areSettable).toBe(true);
    expect(controls.map(({ name, value }: SourceControl) => [name, value])).toEqual([
      ["brightness", -8],
      ["hue_auto", 0],
      ["exposure_auto", 1],
    ]);
    const one = JSON.parse((await run(address, "--set", "hue_auto=1", "--json")).output).controls;
    expect(one).toMatchObject([{ name: "hue_auto", value: 1, items: [] }]);

    const wrong = await run(address, "--set", "brightness=65");
    expect(wrong).toMatchObject({ code: 1, output: "" });
    expect(wrong.remarks).toBe(
      `error: ${address}: '65' is not a value for 'brightness': write -64 to 64 in steps of 2\n`,
    );
    const unknown = await run(address, "--set", "zoom=1");
    expect(unknown.remarks).toContain(
      "has no control 'zoom': its controls are brightness, hue_auto, reset, exposure_auto",
    );
    expect(await run(address, "--set", "zoom")).toMatchObject({ code: 2 });
  });
});

test("view --set: is refused without --allow-controls, while --controls still lists the controls", async () => {
  await withServer(false, async (address) => {
    const refused = await run(address, "--set", "brightness=1");
    expect(refused.code).toBe(1);
    expect(refused.remarks).toBe(
      `error: ${address}: viewers may not set controls: the server was started without --allow-controls\n`,
    );
    const { areSettable, controls } = JSON.parse((await run(address, "--controls", "--json")).output);
    expect([areSettable, controls[0].value]).toEqual([false, 4]);
  });
});

test("view --controls and --set: over a relay they reach the camera of its origin, if both servers allow it", async () => {
  await withServer(true, async (address) => {
    await using edge = await startServer(["--source", `slip://${address}/`, "--allow-controls"]);
    const own = `127.0.0.1:${edge.port}`;
    await edge.until("the connection", ({ remarks }) => remarks.includes("connected to"));
    expect((await run(own, "--set", "brightness=-8")).code).toBe(0);
    const { controls } = JSON.parse((await run(address, "--controls", "--json")).output);
    expect(JSON.parse((await run(own, "--controls", "--json")).output)).toEqual({ areSettable: true, controls });
    expect(controls[0]).toMatchObject({ name: "brightness", value: -8 });
    const wrong = await run(own, "--set", "brightness=65");
    expect(wrong.remarks).toContain("'65' is not a value for 'brightness': write -64 to 64 in steps of 2");
  });
  await withServer(false, async (address) => {
    await using edge = await startServer(["--source", `slip://${address}/`, "--allow-controls"]);
    await edge.until("the connection", ({ remarks }) => remarks.includes("connected to"));
    const refused = await run(`127.0.0.1:${edge.port}`, "--set", "brightness=1");
    expect(refused.remarks).toContain("viewers may not set controls: the server was started without --allow-controls");
  });
});

test("view --controls: reports that a source has no controls", async () => {
  await using server = await startServer(["--source", "pattern", "--allow-controls"]);
  const address = `127.0.0.1:${server.port}`;
  const { code, remarks } = await run(address, "--controls");
  expect([code, remarks]).toEqual([1, `error: ${address}: pattern has no controls\n`]);
  const elsewhere = await run(`${address}/roof`, "--controls");
  expect([elsewhere.code, elsewhere.remarks]).toEqual([
    1,
    `error: ${address}: there is no camera 'roof': the cameras are pattern\n`,
  ]);
});
