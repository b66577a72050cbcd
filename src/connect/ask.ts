// Asks a server for its cameras and their controls, without receiving pictures.

import { ConnectionError, ProtocolError } from "../core/errors.ts";
import { onAbort } from "../core/on-abort.ts";
import type { CameraEntry } from "../protocol/cameras.ts";
import type { ClipPart } from "../protocol/clip.ts";
import type { Control, Controls, ControlSet, SetControl } from "../protocol/controls.ts";
import { GoodbyeReason } from "../protocol/wire.ts";
import { type Address, formatAddress } from "./address.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionEvents } from "./connection-events.ts";
import { type Access, type Attempt, isKeyRefusal } from "./server-access.ts";
import { connectTcp } from "./tcp.ts";

/** The server to ask, and the viewer's access to it. */
export interface AskedServer {
  address: Address;
  access: Access;
}

/** The time limit for an answer. Older servers ignore these questions. */
const ANSWER_TIMEOUT_MS = 5_000;
/** The time limit for each part of a clip, which the server has to make first. */
const CLIP_TIMEOUT_MS = 30_000;

/** Returns the cameras of a server in their order. Throws ConnectionError or ProtocolError if the server cannot be asked. */
export function askForCameras({ address, access }: AskedServer, signal: AbortSignal): Promise<CameraEntry[]> {
  const noQuestion = () => undefined; // A server sends the list of its cameras without a question.
  return ask({ address: { ...address, camera: "" }, access }, signal, noQuestion, ({ answer }) => ({
    onCameras: answer,
  }));
}

/** Returns the controls of a camera. Throws ConnectionError or ProtocolError if they cannot be read. */
export async function askForControls(server: AskedServer, signal: AbortSignal): Promise<Controls> {
  const question = (connection: Connection) => connection.askForControls();
  const controls = await ask<Controls>(server, signal, question, ({ answer }) => ({ onControls: answer }));
  if (controls.trouble !== "") throw new ConnectionError(`${formatAddress(server.address)}: ${controls.trouble}`);
  return controls;
}

/**
 * Sets a control. Throws ConnectionError with the server's reason if it refuses, and ProtocolError if it is not a Slipstream
 * server.
 */
export async function setControl(server: AskedServer, set: SetControl, signal: AbortSignal): Promise<void> {
  const question = (connection: Connection) => connection.setControl(set);
  const { isDone, text } = await ask<ControlSet>(server, signal, question, ({ answer }) => ({ onControlSet: answer }));
  if (!isDone) throw new ConnectionError(`${formatAddress(server.address)}: ${text}`);
}

/**
 * Receives a file with the last seconds of a camera, part by part. `write` gets the bytes, and the next part is asked for when it
 * resolves. Throws ConnectionError with the server's reason if it refuses, or if it sends a part that was not asked for, and the
 * error of `write`.
 */
export async function receiveClip(
  server: AskedServer,
  seconds: number,
  write: (bytes: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let connection: Connection | null = null;
  let isWriting = false;
  const question = (opened: Connection) => {
    connection = opened;
    opened.askForClip(seconds);
  };
  const listen = ({ answer, fail, goOn }: Asking<ClipPart>): Partial<ConnectionEvents> => ({
    onClipPart(part) {
      if (isWriting) throw new ProtocolError("the server has sent a part of the clip that was not asked for");
      if (part.outcome !== "part") {
        answer({ ...part, bytes: new Uint8Array() });
        return;
      }
      isWriting = true;
      const written = () => {
        isWriting = false;
        goOn();
        connection?.askForClip(0);
      };
      write(part.bytes.slice()).then(written, fail);
    },
  });
  const { outcome, text } = await ask(server, signal, question, listen, CLIP_TIMEOUT_MS);
  if (outcome === "refused") throw new ConnectionError(`${formatAddress(server.address)}: ${text}`);
}

/** What the handlers of answers may do. */
interface Asking<Answer> {
  answer: (value: Answer) => void;
  fail: (error: unknown) => void;
  /** Begins the time limit again. */
  goOn: () => void;
}

/**
 * Asks a question. If the server refuses the key, it asks again with the next key. Throws the reason of `signal` when it aborts.
 */
async function ask<Answer>(
  server: AskedServer,
  signal: AbortSignal,
  question: (connection: Connection) => void,
  listen: (asking: Asking<Answer>) => Partial<ConnectionEvents>,
  timeoutMs = ANSWER_TIMEOUT_MS,
): Promise<Answer> {
  for (;;) {
    const attempt = await server.access.attempt();
    const outcome = await askOnce(server, attempt, signal, question, listen, timeoutMs);
    if (outcome !== null) return outcome.answer;
    await server.access.refused(attempt, false).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
  }
}

/** Opens a connection without pictures, and closes it after the answer. Resolves with null if the server refuses the key. */
async function askOnce<Answer>(
  { address, access }: AskedServer,
  attempt: Attempt,
  signal: AbortSignal,
  question: (connection: Connection) => void,
  listen: (asking: Asking<Answer>) => Partial<ConnectionEvents>,
  timeoutMs: number,
): Promise<{ answer: Answer } | null> {
  const answered = Promise.withResolvers<Answer>();
  let connection: Connection | null = null;
  const ignore = () => undefined;
  const ignoreAll = { onStream: ignore, onPicture: ignore, onTiles: ignore, onNotice: ignore };
  const onWelcome = () => access.welcomed(attempt, connection?.hasProven ?? false);
  const events = {
    onWelcome,
    ...ignoreAll,
    ...listen({ answer: answered.resolve, fail: answered.reject, goOn: () => deadline.refresh() }),
  };
  const options = { paused: true, signal, ...access.connectionOptions(attempt) };
  const opened = await connectTcp(address, events, options).catch((error: unknown) => {
    signal.throwIfAborted();
    throw error;
  });
  connection = opened;
  using _stopping = onAbort(signal, () => opened.close());
  const deadline = setTimeout(() => {
    const text = `the server has not answered within ${timeoutMs / 1000} s: it may be older than this viewer`;
    answered.reject(new ConnectionError(`${formatAddress(address)}: ${text}`));
  }, timeoutMs);
  try {
    question(opened);
    const ended = opened.ended.then((end) => {
      signal.throwIfAborted();
      if (isKeyRefusal(end)) return null;
      const { goodbye, text } = end;
      const where = formatAddress(goodbye?.reason === GoodbyeReason.noCamera ? { ...address, camera: "" } : address);
      throw new ConnectionError(`${where}: ${text}`);
    });
    return await Promise.race([answered.promise.then((answer) => ({ answer })), ended]);
  } finally {
    clearTimeout(deadline);
    opened.close();
  }
}

/** Returns one line for each camera, with its name, size and rate. */
export function describeCameras(cameras: readonly CameraEntry[]): string {
  const longest = Math.max(0, ...cameras.map(({ name }) => name.length));
  return cameras
    .map(({ name, hasEnded, width, height, framesPerSecond }) =>
      [
        name.padEnd(longest),
        width > 0 ? `${width}×${height}` : "",
        framesPerSecond > 0 ? `${framesPerSecond} fps` : "",
        hasEnded ? "has ended" : "",
      ]
        .filter((part) => part !== "")
        .join("  "),
    )
    .join("\n");
}

/** Returns one line for each control, with its name, value, range and default. */
export function describeControls({ controls }: Controls): string {
  const longest = Math.max(0, ...controls.map(({ name }) => name.length));
  return controls.map((control) => `${control.name.padEnd(longest)}  ${describeControl(control)}`).join("\n");
}

function describeControl({ kind, min, max, step, default: byDefault, value, items }: Control): string {
  const word = (number: number) => {
    if (kind === "boolean") return number === 0 ? "off" : "on";
    return items.find((item) => item.value === number)?.label ?? String(number);
  };
  const steps = step > 1 ? ` in steps of ${step}` : "";
  const range =
    kind === "menu" ? items.map((item) => `${item.value} (${item.label})`).join(", ") : `${word(min)} to ${word(max)}`;
  return `${word(value)}  (${range}${steps}, default ${word(byDefault)})`;
}
