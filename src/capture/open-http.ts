// Opens the source at an HTTP address.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { SourceError, UsageError } from "../core/errors.ts";
import { explainFileError } from "../core/file-errors.ts";
import type { Log } from "../core/log.ts";
import { parseAddress } from "./http/address.ts";
import { createHttpCamera } from "./http/http-camera.ts";
import type { SourceOptions } from "./open.ts";
import { createFfmpegSource } from "./pipe/ffmpeg.ts";
import { bodyInput, urlInput } from "./pipe/ffmpeg-input.ts";
import { scaleJpegs } from "./pipe/scaled-jpegs.ts";
import type { Source } from "./source.ts";

export interface HttpSource {
  url: string;
  /** The address without its password, for people. */
  name: string;
  options: Omit<SourceOptions, "source">;
  log: Log;
}

/** Opens the source. It reads JPEGs directly, and other video through ffmpeg. Throws UsageError, SourceError or MissingError. */
export function openHttpSource({ url, name, options, log }: HttpSource): Source {
  const { size = null, framesPerSecond = null, sampling = "420", certificate = null, folder = "." } = options;
  const camera = createHttpCamera({
    name,
    address: parseAddress(url, name),
    framesPerSecond,
    certificate: certificate === null ? null : readCertificate(certificate, folder),
    openOther(body) {
      const wanted = { url, size, framesPerSecond };
      return createFfmpegSource(body === null ? urlInput(wanted) : bodyInput({ ...wanted, name, body }), {
        sampling,
        log,
      });
    },
  });
  return size === null ? camera : scaleJpegs({ source: camera, size, sampling, log });
}

function readCertificate(file: string, folder: string): string {
  let text: string;
  try {
    text = readFileSync(resolve(folder, file), "utf8");
  } catch (cause) {
    throw new SourceError(`cannot read the certificate ${file}: ${explainFileError(cause)}`, { retry: false, cause });
  }
  if (!text.includes("-----BEGIN CERTIFICATE-----")) {
    throw new UsageError(`${file} contains no certificate: it must be in PEM, with a line -----BEGIN CERTIFICATE-----`);
  }
  return text;
}
