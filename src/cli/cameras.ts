// `bun run cameras`: lists the cameras of this machine with their formats and controls.

import { Command } from "commander";
import { MissingError } from "../core/errors.ts";
import { CAMERAS_SETTINGS, type CamerasFlags } from "./cameras-settings.ts";
import { addFlags } from "./flags.ts";
import { printAnswer } from "./output.ts";
import { asProgram, runMain } from "./program.ts";
import { VERSION } from "../core/version.ts";
import { chooseCamera, listCameras } from "../capture/camera/find.ts";
import { hasLibc } from "../system/v4l2/libc.ts";
import { describeReports, reportCamera } from "./camera-table.ts";

const command = addFlags(asProgram(new Command("bun run cameras"), VERSION), CAMERAS_SETTINGS)
  .description("Lists the cameras of this machine for serve --source, with device, name, formats, sizes and rates.")
  .argument("[camera]", "list only this camera: its index, its name or a part of its name");

const NONE = "no camera was found: serve --source also takes pattern, screen, a file, a URL, or - for standard input";

await runMain(async (signal) => {
  command.parse();
  const { controls = false, json = false }: CamerasFlags = command.opts();
  if (!hasLibc()) {
    throw new MissingError(
      "cameras are listed only on Linux with x86-64 or arm64: " +
        "ffmpeg lists them on macOS (ffmpeg -f avfoundation -list_devices true -i '') and on Windows " +
        "(ffmpeg -f dshow -list_devices true -i dummy)",
    );
  }
  const found = listCameras();
  const [wanted] = command.args;
  const shown = wanted === undefined ? found : [chooseCamera(found, wanted)];
  const reports = shown.map((camera) => reportCamera(camera, controls));
  const lines = reports.length === 0 ? [NONE] : describeReports(reports);
  await printAnswer(json ? JSON.stringify(reports, null, 2) : lines.join("\n"), signal);
});
