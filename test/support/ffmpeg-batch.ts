// Many small conversions by one ffmpeg, because its start takes longer than all of them.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ffmpeg } from "./jpeg-tools.ts";

export interface Conversion {
  /** The bytes of the input, or the name of an input that has none, for example of a lavfi source. */
  input: Uint8Array | string;
  /** The arguments before `-i`. */
  inputArguments: readonly string[];
  /** The arguments of the output, which is one raw frame. */
  outputArguments: readonly string[];
}

/** Returns the raw frames of all conversions. */
export function ffmpegBatch(conversions: readonly Conversion[]): Uint8Array<ArrayBuffer>[] {
  const folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  try {
    const inputs = conversions.flatMap(({ input, inputArguments }, index) => {
      const path = typeof input === "string" ? input : join(folder, `${index}.in`);
      if (typeof input !== "string") writeFileSync(path, input);
      return [...inputArguments, "-i", path];
    });
    const outputs = conversions.map((_, index) => join(folder, `${index}.out`));
    const outputArguments = conversions.flatMap(({ outputArguments: own }, index) => [
      ...["-map", `${index}:v`, "-frames:v", "1", ...own],
      ...["-f", "rawvideo", outputs[index] ?? ""],
    ]);
    ffmpeg([...inputs, ...outputArguments]);
    return outputs.map((path) => new Uint8Array(readFileSync(path)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
