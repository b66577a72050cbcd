// What can go wrong, by culprit: who has to act decides the class, and main.ts decides the exit code from it.

/**
 * An option or argument that cannot be used as given. Printed as one line, exit code 2. `retry` says whether waiting may help:
 * a name that no device has now may be that of one which is plugged in later.
 */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly retry: boolean;
  constructor(message: string, { retry = false }: { retry?: boolean } = {}) {
    super(message);
    this.retry = retry;
  }
}

/** A peer broke the wire format or speaks another version of it. Costs that peer its connection, nobody else anything. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** A picture that cannot be encoded or decoded. The frame is dropped and counted. */
export class CodecError extends Error {
  override readonly name = "CodecError";
}

/** A camera, file, address or stream that cannot be read, or that stopped. `retry` says whether waiting may help. */
export class SourceError extends Error {
  override readonly name = "SourceError";
  readonly retry: boolean;
  constructor(message: string, options: { retry: boolean; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retry = options.retry;
  }
}

/** A program, device or display that is not there. The message ends with what to do about it. */
export class MissingError extends Error {
  override readonly name = "MissingError";
}

/** The network said no: a port that is taken, a host that is unknown, a server that hung up. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

/** Errors whose message alone tells the user what happened; anything else is a defect and is shown with its stack. */
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

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's own error name (`ENOENT`, `EADDRINUSE`, …) of anything that was thrown, where it has one. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
