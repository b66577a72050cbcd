// Questions to a server that want no pictures: which cameras it has.

import { ConnectionError } from "../core/errors.ts";
import type { CameraEntry } from "../protocol/cameras.ts";
import { type Address, formatAddress } from "./address.ts";
import { Connection, type ConnectionEvents } from "./connection.ts";

/** The cameras of a server, the first first. Throws ConnectionError or ProtocolError where it cannot be asked. */
export async function askForCameras(address: Address, signal: AbortSignal): Promise<CameraEntry[]> {
  return ask(address, signal, (answer) => ({ onCameras: answer }));
}

/** One connection without pictures, until the answer is there. */
async function ask<Answer>(
  address: Address,
  signal: AbortSignal,
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
  try {
    if (signal.aborted) close();
    const ended = connection.ended.then(({ text }) => {
      throw new ConnectionError(`${formatAddress(address)}: ${text}`);
    });
    return await Promise.race([answered.promise, ended]);
  } finally {
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
