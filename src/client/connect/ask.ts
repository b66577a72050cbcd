// Questions to a server that want no pictures: which cameras it has, and what can be set of them.

import { ConnectionError } from "../../core/errors.ts";
import type { CameraEntry } from "../../protocol/cameras.ts";
import type { Control, Controls, ControlSet, SetControl } from "../../protocol/controls.ts";
import { GoodbyeReason } from "../../protocol/wire.ts";
import { type Address, formatAddress } from "./address.ts";
import { Connection, type ConnectionEvents } from "./connection.ts";

/** A server of before there were such questions skips them. */
const PATIENCE_MS = 5_000;

/** The cameras of a server, the first first. Throws ConnectionError or ProtocolError where it cannot be asked. */
export function askForCameras(address: Address, signal: AbortSignal): Promise<CameraEntry[]> {
  return ask(
    { ...address, camera: "" },
    signal,
    () => undefined,
    (answer) => ({ onCameras: answer }),
  );
}

/** What can be set of a camera. Throws ConnectionError or ProtocolError where that cannot be said. */
export async function askForControls(address: Address, signal: AbortSignal): Promise<Controls> {
  const question = (connection: Connection) => connection.askForControls();
  const controls = await ask<Controls>(address, signal, question, (answer) => ({ onControls: answer }));
  if (controls.trouble !== "") throw new ConnectionError(`${formatAddress(address)}: ${controls.trouble}`);
  return controls;
}

/** Sets a control. Throws ConnectionError with the reason where the server refuses, ProtocolError where it is none. */
export async function setControl(address: Address, set: SetControl, signal: AbortSignal): Promise<void> {
  const question = (connection: Connection) => connection.setControl(set);
  const { isDone, text } = await ask<ControlSet>(address, signal, question, (answer) => ({ onControlSet: answer }));
  if (!isDone) throw new ConnectionError(`${formatAddress(address)}: ${text}`);
}

/** One connection without pictures, until the answer is there. */
async function ask<Answer>(
  address: Address,
  signal: AbortSignal,
  question: (connection: Connection) => void,
  listen: (answer: (value: Answer) => void) => Partial<ConnectionEvents>,
): Promise<Answer> {
  const answered = Promise.withResolvers<Answer>();
  const ignore = () => undefined;
  const connection = await Connection.open(
    address,
    {
      ...{ onWelcome: ignore, onStream: ignore, onPicture: ignore, onTiles: ignore, onNotice: ignore },
      ...listen(answered.resolve),
    },
    { paused: true },
  );
  const close = () => connection.close();
  signal.addEventListener("abort", close);
  const tooLong = setTimeout(() => {
    const text = `the server has not answered within ${PATIENCE_MS / 1000} s: it may be older than this viewer`;
    answered.reject(new ConnectionError(`${formatAddress(address)}: ${text}`));
  }, PATIENCE_MS);
  try {
    if (signal.aborted) close();
    question(connection);
    const ended = connection.ended.then(({ goodbye, text }) => {
      const where = formatAddress(goodbye?.reason === GoodbyeReason.noCamera ? { ...address, camera: "" } : address);
      throw new ConnectionError(`${where}: ${text}`);
    });
    return await Promise.race([answered.promise, ended]);
  } finally {
    clearTimeout(tooLong);
    signal.removeEventListener("abort", close);
    close();
  }
}

/** One line for each camera: its name and what is known of its pictures. */
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

/** One line for each control: its name, what it can be, and what it is. */
export function describeControls({ controls }: Controls): string {
  const longest = Math.max(0, ...controls.map(({ name }) => name.length));
  return controls.map((control) => `${control.name.padEnd(longest)}  ${describeControl(control)}`).join("\n");
}

function describeControl({ kind, min, max, step, default: byDefault, value, items }: Control): string {
  const word = (of: number) => {
    if (kind === "boolean") return of === 0 ? "off" : "on";
    return items.find((item) => item.value === of)?.label ?? String(of);
  };
  const steps = step > 1 ? ` in steps of ${step}` : "";
  const range =
    kind === "menu" ? items.map((item) => `${item.value} (${item.label})`).join(", ") : `${word(min)} to ${word(max)}`;
  return `${word(value)}  (${range}${steps}, default ${word(byDefault)})`;
}
