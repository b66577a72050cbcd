// The library: everything that a program can import from "slipstream". The other files are not public.
//
// docs/library.md has examples.

export {
  createCamera,
  PushCamera,
  type PushCameraOptions,
  type PushedFrame,
  type PushResult,
} from "./capture/push-camera.ts";
export type { Setting } from "./capture/control-values.ts";
export type { Delivery, FrameFormat, FrameSink, Source } from "./capture/source.ts";
export { type WatchOptions, watch } from "./client/watch.ts";
export { WatchedFrame } from "./client/watched-frame.ts";
export { createJpegCodec, decodeJpeg, encodeJpeg } from "./codec/bun/jpeg.ts";
export type { CodecName } from "./codec/codecs.ts";
export type { DecodedJpeg, DecodeOptions, EncodeOptions, JpegCodec } from "./codec/threads/jpeg-codec.ts";
export { type Micros, nowMicros } from "./core/clock.ts";
export { CodecError, ConnectionError, MissingError, ProtocolError, SourceError, UsageError } from "./core/errors.ts";
export { type Log, type LogFields, type LogLevel, lineLog, SILENT_LOG } from "./core/log.ts";
export type { PixelFormat, Sampling, Size } from "./core/pixel-format.ts";
export type { Trace } from "./core/trace.ts";
export type { CameraReport } from "./server/cameras/camera-report.ts";
export type { ServeReport } from "./server/report/report.ts";
export type { KeyOptions } from "./server/access/given-keys.ts";
export type { CameraChanges } from "./server/cameras/camera-group.ts";
export { serve } from "./server/serve.ts";
export type { OptionChanges, Server } from "./server/server.ts";
export type { MotionReport } from "./core/motion.ts";
export type { CameraOptions, ServeOptions } from "./server/settings/options.ts";
