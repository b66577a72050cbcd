// The error classes. The class of an error tells who can correct it: the user, the other side of a connection, and so on. The
// programs choose their exit code by it.

/**
 * An option or argument cannot be used. Programs print one line and exit with code 2. `retry` is true when waiting may help, for
 * example because the device may be plugged in later.
 */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly retry: boolean;
  constructor(message: string, { retry = false }: { retry?: boolean } = {}) {
    super(message);
    this.retry = retry;
  }
}

/** The other side of a connection broke the protocol or speaks another version of it. Only that connection is closed. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** A picture cannot be encoded or decoded. The frame is dropped and counted. */
export class CodecError extends Error {
  override readonly name = "CodecError";
}

/**
 * How soon a source is tried again. `now`: it has changed, and can be opened in its new form. `soon`: it has worked, or is busy,
 * and may work again any second. `growing`: it cannot be reached, or there is no such address. `minutes`: it refuses the
 * password; cameras lock an account after about five wrong ones.
 */
export type Retry = "now" | "soon" | "growing" | "minutes";

/**
 * A camera, file, address or stream cannot be read, or has stopped. `retry` says whether waiting may help, and for how long to
 * wait.
 */
export class SourceError extends Error {
  override readonly name = "SourceError";
  readonly retry: false | Retry;
  /** The shortest pause before the next try, if the camera demands one. */
  readonly pauseMs: number;
  constructor(message: string, options: { retry: false | Retry; pauseMs?: number; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retry = options.retry;
    this.pauseMs = options.pauseMs ?? 0;
  }
}

/** A program, device or display is missing. The message ends with what to do about it. */
export class MissingError extends Error {
  override readonly name = "MissingError";
}

/** The network failed: for example a port is in use, a host is unknown, or a server closed the connection. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

/** Returns whether the message of an error is enough for the user. Any other error is a defect and is shown with its stack. */
export function isExpected(error: unknown): error is Error {
  return (
    error instanceof UsageError ||
    error instanceof ProtocolError ||
    error instanceof CodecError ||
    error instanceof SourceError ||
    error instanceof MissingError ||
    error instanceof ConnectionError
  );
}

/** Returns the message of a thrown value, which may be of any type. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Returns the system's error name (`ENOENT`, `EADDRINUSE`, …) of a thrown value, or undefined when it has no error name. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
