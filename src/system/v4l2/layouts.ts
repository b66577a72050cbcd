// The kernel's interface to video devices: the numbers of requests and the layouts of structures from uapi/linux/videodev2.h.
//
// They are the same on x86-64 and arm64. Both are little-endian with 64-bit longs (LP64), and both encode requests as in
// uapi/asm-generic/ioctl.h. test/system/v4l2/layouts.test.ts compares all values with the kernel's headers.

interface StructLayout {
  bytes: number;
  fields: Readonly<Record<string, number>>;
}

/** The sizes of structures and the offsets of the used fields, in bytes. */
export const STRUCTS = {
  v4l2_capability: { bytes: 104, fields: { card: 16, bus_info: 48, capabilities: 84, device_caps: 88 } },
  v4l2_fmtdesc: { bytes: 64, fields: { index: 0, type: 4, flags: 8, description: 12, pixelformat: 44 } },
  v4l2_frmsizeenum: {
    bytes: 44,
    fields: {
      index: 0,
      pixel_format: 4,
      type: 8,
      "discrete.width": 12,
      "discrete.height": 16,
      "stepwise.min_width": 12,
      "stepwise.max_width": 16,
      "stepwise.step_width": 20,
      "stepwise.min_height": 24,
      "stepwise.max_height": 28,
      "stepwise.step_height": 32,
    },
  },
  v4l2_frmivalenum: {
    bytes: 52,
    fields: {
      index: 0,
      pixel_format: 4,
      width: 8,
      height: 12,
      type: 16,
      discrete: 20,
      "stepwise.min": 20,
      "stepwise.max": 28,
    },
  },
  v4l2_format: {
    bytes: 208,
    fields: {
      type: 0,
      "fmt.pix.width": 8,
      "fmt.pix.height": 12,
      "fmt.pix.pixelformat": 16,
      "fmt.pix.field": 20,
      "fmt.pix.bytesperline": 24,
      "fmt.pix.colorspace": 32,
      "fmt.pix.priv": 36,
      "fmt.pix.flags": 40,
      "fmt.pix.ycbcr_enc": 44,
      "fmt.pix.quantization": 48,
    },
  },
  v4l2_streamparm: { bytes: 204, fields: { type: 0, "parm.capture.capability": 4, "parm.capture.timeperframe": 12 } },
  v4l2_requestbuffers: { bytes: 20, fields: { count: 0, type: 4, memory: 8 } },
  v4l2_buffer: {
    bytes: 88,
    fields: {
      index: 0,
      type: 4,
      bytesused: 8,
      flags: 12,
      field: 16,
      "timestamp.tv_sec": 24,
      "timestamp.tv_usec": 32,
      sequence: 56,
      memory: 60,
      "m.offset": 64,
      length: 72,
    },
  },
  v4l2_query_ext_ctrl: {
    bytes: 232,
    fields: {
      id: 0,
      type: 4,
      name: 8,
      minimum: 40,
      maximum: 48,
      step: 56,
      default_value: 64,
      flags: 72,
      nr_of_dims: 84,
    },
  },
  v4l2_querymenu: { bytes: 44, fields: { id: 0, index: 4, name: 8, value: 8 } },
  v4l2_ext_control: { bytes: 20, fields: { id: 0, size: 4, value: 12, value64: 12 } },
  v4l2_ext_controls: { bytes: 32, fields: { which: 0, count: 4, error_idx: 8, controls: 24 } },
  v4l2_event_subscription: { bytes: 32, fields: { type: 0, id: 4, flags: 8 } },
  v4l2_input: { bytes: 80, fields: { index: 0, capabilities: 60 } },
  v4l2_cropcap: { bytes: 44, fields: { type: 0, "defrect.width": 28, "defrect.height": 32, pixelaspect: 36 } },
  v4l2_dv_timings: { bytes: 132, fields: { "bt.width": 4, "bt.height": 8 } },
  v4l2_event: { bytes: 136, fields: { type: 0, "u.src_change.changes": 8, pending: 72 } },
} as const satisfies Record<string, StructLayout>;

export type StructName = keyof typeof STRUCTS;

/** The directions from the program's point of view (uapi/asm-generic/ioctl.h). */
const WRITE = 1;
const READ = 2;

/**
 * Returns the number of a request, like the macro _IOC of uapi/asm-generic/ioctl.h: the direction (2 bits), the size (14), V4L2's
 * letter (8) and the number (8).
 */
function request(direction: number, number: number, bytes: number): number {
  return ((direction << 30) | (bytes << 16) | ("V".charCodeAt(0) << 8) | number) >>> 0;
}

const struct = (direction: number, number: number, name: StructName) =>
  ({ number: request(direction, number, STRUCTS[name].bytes), struct: name }) as const;
const int = (direction: number, number: number) => ({ number: request(direction, number, 4), struct: null }) as const;

/** The requests with their numbers and structures. Null means that the argument is an int. */
export const REQUESTS = {
  VIDIOC_QUERYCAP: struct(READ, 0, "v4l2_capability"),
  VIDIOC_ENUM_FMT: struct(READ | WRITE, 2, "v4l2_fmtdesc"),
  VIDIOC_G_FMT: struct(READ | WRITE, 4, "v4l2_format"),
  VIDIOC_S_FMT: struct(READ | WRITE, 5, "v4l2_format"),
  VIDIOC_REQBUFS: struct(READ | WRITE, 8, "v4l2_requestbuffers"),
  VIDIOC_QUERYBUF: struct(READ | WRITE, 9, "v4l2_buffer"),
  VIDIOC_QBUF: struct(READ | WRITE, 15, "v4l2_buffer"),
  VIDIOC_DQBUF: struct(READ | WRITE, 17, "v4l2_buffer"),
  VIDIOC_STREAMON: int(WRITE, 18),
  VIDIOC_STREAMOFF: int(WRITE, 19),
  VIDIOC_G_PARM: struct(READ | WRITE, 21, "v4l2_streamparm"),
  VIDIOC_S_PARM: struct(READ | WRITE, 22, "v4l2_streamparm"),
  VIDIOC_ENUMINPUT: struct(READ | WRITE, 26, "v4l2_input"),
  VIDIOC_QUERYMENU: struct(READ | WRITE, 37, "v4l2_querymenu"),
  VIDIOC_G_INPUT: int(READ, 38),
  VIDIOC_CROPCAP: struct(READ | WRITE, 58, "v4l2_cropcap"),
  VIDIOC_G_EXT_CTRLS: struct(READ | WRITE, 71, "v4l2_ext_controls"),
  VIDIOC_S_EXT_CTRLS: struct(READ | WRITE, 72, "v4l2_ext_controls"),
  VIDIOC_ENUM_FRAMESIZES: struct(READ | WRITE, 74, "v4l2_frmsizeenum"),
  VIDIOC_ENUM_FRAMEINTERVALS: struct(READ | WRITE, 75, "v4l2_frmivalenum"),
  VIDIOC_S_DV_TIMINGS: struct(READ | WRITE, 87, "v4l2_dv_timings"),
  VIDIOC_DQEVENT: struct(READ, 89, "v4l2_event"),
  VIDIOC_SUBSCRIBE_EVENT: struct(WRITE, 90, "v4l2_event_subscription"),
  VIDIOC_QUERY_DV_TIMINGS: struct(READ, 99, "v4l2_dv_timings"),
  VIDIOC_QUERY_EXT_CTRL: struct(READ | WRITE, 103, "v4l2_query_ext_ctrl"),
} as const;

export type RequestName = keyof typeof REQUESTS;

/** Constants under the header's names. */
export const V4L2 = {
  BUF_TYPE_VIDEO_CAPTURE: 1,
  BUF_TYPE_VIDEO_OUTPUT: 2,
  MEMORY_MMAP: 1,
  FIELD_NONE: 1,
  FIELD_INTERLACED: 4,
  CAP_VIDEO_CAPTURE: 0x00000001,
  CAP_VIDEO_OUTPUT: 0x00000002,
  CAP_VIDEO_CAPTURE_MPLANE: 0x00001000,
  CAP_READWRITE: 0x01000000,
  CAP_STREAMING: 0x04000000,
  CAP_DEVICE_CAPS: 0x80000000,
  CAP_TIMEPERFRAME: 0x1000,
  IN_CAP_DV_TIMINGS: 0x00000002,
  FRMSIZE_TYPE_DISCRETE: 1,
  FRMIVAL_TYPE_DISCRETE: 1,
  PIX_FMT_PRIV_MAGIC: 0xfeedcafe,
  PIX_FMT_FLAG_SET_CSC: 0x00000002,
  FMT_FLAG_EMULATED: 0x0002,
  FMT_FLAG_CSC_YCBCR_ENC: 0x0080,
  FMT_FLAG_CSC_QUANTIZATION: 0x0100,
  COLORSPACE_SMPTE240M: 2,
  COLORSPACE_REC709: 3,
  COLORSPACE_JPEG: 7,
  COLORSPACE_SRGB: 8,
  COLORSPACE_BT2020: 10,
  COLORSPACE_DCI_P3: 12,
  YCBCR_ENC_DEFAULT: 0,
  YCBCR_ENC_601: 1,
  YCBCR_ENC_709: 2,
  YCBCR_ENC_XV601: 3,
  YCBCR_ENC_SYCC: 5,
  YCBCR_ENC_BT2020: 6,
  YCBCR_ENC_SMPTE240M: 8,
  QUANTIZATION_DEFAULT: 0,
  QUANTIZATION_FULL_RANGE: 1,
  QUANTIZATION_LIM_RANGE: 2,
  BUF_FLAG_ERROR: 0x00000040,
  BUF_FLAG_TIMESTAMP_MASK: 0x0000e000,
  BUF_FLAG_TIMESTAMP_MONOTONIC: 0x00002000,
  EVENT_SOURCE_CHANGE: 5,
  EVENT_SRC_CH_RESOLUTION: 1,
  CTRL_WHICH_CUR_VAL: 0,
  CTRL_TYPE_INTEGER: 1,
  CTRL_TYPE_BOOLEAN: 2,
  CTRL_TYPE_MENU: 3,
  CTRL_TYPE_BUTTON: 4,
  CTRL_TYPE_INTEGER64: 5,
  CTRL_TYPE_CTRL_CLASS: 6,
  CTRL_TYPE_BITMASK: 8,
  CTRL_TYPE_INTEGER_MENU: 9,
  CTRL_FLAG_DISABLED: 0x0001,
  CTRL_FLAG_READ_ONLY: 0x0004,
  CTRL_FLAG_INACTIVE: 0x0010,
  CTRL_FLAG_WRITE_ONLY: 0x0040,
  CTRL_FLAG_NEXT_CTRL: 0x80000000,
} as const;
