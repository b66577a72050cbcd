// Sets the format of a device: the best suitable one that the driver accepts unchanged.

import { SourceError } from "../../core/errors.ts";
import type { PixelFormat } from "../../core/pixel-format.ts";
import type { Device } from "../../system/v4l2/device.ts";
import { fourccCode, fourccText } from "../../system/v4l2/fourcc.ts";
import type { CameraFormat } from "./formats.ts";
import { V4L2 } from "../../system/v4l2/layouts.ts";
import { chooseMode, type Mode, type Wanted } from "./negotiate.ts";
import { Struct } from "../../system/v4l2/struct.ts";

/**
 * Tries the suitable formats, with the best first, until the driver accepts one unchanged. Throws SourceError when it accepts
 * none, and SystemCallError.
 */
export function setFormat(
  device: Pick<Device, "path" | "request">,
  formats: readonly CameraFormat[],
  wanted: Wanted,
): { pix: Struct<"v4l2_format">; mode: Mode } {
  const refused = new Set<string>();
  for (;;) {
    const mode = chooseMode(formats, wanted, refused);
    if (mode === null) {
      const offered = formats.map(({ fourcc }) => fourcc).join(", ");
      throw new SourceError(`${device.path} has no suitable format: its formats are ${offered}`, { retry: "soon" });
    }
    const pix = describeFormat(
      mode,
      formats.find(({ fourcc }) => fourcc === mode.fourcc),
    );
    device.request("VIDIOC_S_FMT", pix);
    // The driver changes unsupported values, including the pixel format.
    if (fourccText(pix.get("fmt.pix.pixelformat")) === mode.fourcc && isFrame(pix.get("fmt.pix.field"))) {
      return { pix, mode };
    }
    refused.add(mode.fourcc);
  }
}

/** Returns whether a buffer contains a whole picture. Single fields (half pictures) are not supported. */
function isFrame(field: number): boolean {
  return field === V4L2.FIELD_NONE || field === V4L2.FIELD_INTERLACED;
}

function describeFormat({ fourcc, format, size }: Mode, offered: CameraFormat | undefined): Struct<"v4l2_format"> {
  const pix = new Struct("v4l2_format").set({
    type: V4L2.BUF_TYPE_VIDEO_CAPTURE,
    "fmt.pix.width": size.width,
    "fmt.pix.height": size.height,
    "fmt.pix.pixelformat": fourccCode(fourcc),
    "fmt.pix.field": V4L2.FIELD_NONE,
    "fmt.pix.priv": V4L2.PIX_FMT_PRIV_MAGIC, // without it the driver ignores the fields after it
  });
  const isYcbcr = (["yuv420p", "nv12", "yuyv422"] as readonly (PixelFormat | "mjpeg")[]).includes(format);
  if (isYcbcr && (offered?.convertsMatrix || offered?.convertsRange)) {
    pix.set({
      "fmt.pix.flags": V4L2.PIX_FMT_FLAG_SET_CSC,
      "fmt.pix.ycbcr_enc": offered.convertsMatrix ? V4L2.YCBCR_ENC_601 : V4L2.YCBCR_ENC_DEFAULT,
      "fmt.pix.quantization": offered.convertsRange ? V4L2.QUANTIZATION_LIM_RANGE : V4L2.QUANTIZATION_DEFAULT,
    });
  }
  return pix;
}
