// `bun run cameras`: lists the cameras of this machine with their formats and controls.

import { writeSync } from "node:fs";
import { Command, Option } from "commander";
import { MissingError } from "../core/errors.ts";
import { asProgram, runMain } from "./program.ts";
import { VERSION } from "../core/version.ts";
import { chooseCamera, listCameras } from "../capture/camera/find.ts";
import { hasLibc } from "../capture/v4l2/libc.ts";
import { describeReports, reportCamera } from "./camera-table.ts";

const command = asProgram(new Command("bun run cameras"), VERSION)
  .description("Lists cameras, for serve --source: device, name, formats, sizes and rates.")
  .argument("[camera]", "only this one: its index, its name or a part of it")
  .addOption(new Option("--controls", "also list the controls for serve --set, with ranges and present values"))
  .addOption(new Option("--json", "one JSON array on standard output").default(false));

const NONE =
  "no camera is there; what needs none: serve --source pattern, screen, a file, a URL, or - for standard input";

await runMain(async () => {
  command.parse();
  const { controls = false, json } = command.opts();
  if (!hasLibc()) {
    throw new MissingError(
      "cameras are listed on Linux with x86-64 or arm64 only; " +
        "ffmpeg lists them on macOS (ffmpeg -f avfoundation -list_devices true -i '') and on Windows " +
        "(ffmpeg -f dshow -list_devices true -i dummy)",
    );
  }
  const found = listCameras();
  const [wanted] = command.args;
  const shown = wanted === undefined ? found : [chooseCamera(found, wanted)];
  const reports = shown.map((camera) => reportCamera(camera, controls));
  const lines = reports.length === 0 ? [NONE] : describeReports(reports);
  writeSync(1, `${json ? JSON.stringify(reports, null, 2) : lines.join("\n")}\n`);
});
