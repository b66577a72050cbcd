// A virtual display with a window manager, for tests that find windows, take screenshots, press keys and click.

import { startVirtualDisplay, type VirtualDisplay } from "../../src/cli/virtual-display.ts";
import type { Rectangle } from "../../src/core/rectangle.ts";
import type { Size } from "../../src/core/pixel-format.ts";
import { imageOf } from "./window-image.ts";

export interface Window extends Size {
  id: string;
}

export class Desktop implements AsyncDisposable {
  readonly #display: VirtualDisplay;
  readonly #manager: Bun.Subprocess;

  private constructor(display: VirtualDisplay) {
    this.#display = display;
    this.#manager = Bun.spawn(["openbox"], { env: { ...process.env, DISPLAY: display.name }, stderr: "ignore" });
  }

  static async start({ width, height }: Size): Promise<Desktop> {
    const desktop = new Desktop(await startVirtualDisplay(width, height));
    await eventually("the window manager's start", () => desktop.#isManaged());
    return desktop;
  }

  /** The environment of programs that open windows on this display. */
  get env(): Record<string, string> {
    return { DISPLAY: this.#display.name };
  }

  /** Whether the window manager runs. Without one xdotool prints 0 and fails. */
  #isManaged(): boolean {
    const { exitCode } = this.#manager;
    if (exitCode !== null) throw new Error(`openbox has ended with exit code ${exitCode}`);
    return Bun.spawnSync(["xdotool", "get_num_desktops"], { env: { ...process.env, ...this.env } }).success;
  }

  xdotool(...command: string[]): string {
    return Bun.spawnSync(["xdotool", ...command], { env: { ...process.env, ...this.env } })
      .stdout.toString()
      .trim();
  }

  /** Finds a window by a part of its title. Returns null if there is none. */
  findWindow(title: string): Window | null {
    const [id] = this.xdotool("search", "--onlyvisible", "--name", title).split("\n");
    if (!id) return null;
    const geometry = this.xdotool("getwindowgeometry", "--shell", id);
    const value = (name: string) => Number(new RegExp(`^${name}=(-?\\d+)$`, "m").exec(geometry)?.[1]);
    return { id, width: value("WIDTH"), height: value("HEIGHT") };
  }

  /**
   * Returns the pixels of a part of a window as RGBA. The array is empty while the window changes its size, and for a window that extends
   * beyond the screen or is hidden, which cannot be read.
   */
  screenshot({ id, width, height }: Window, part: Rectangle = { x: 0, y: 0, width, height }): Uint8Array {
    const image = imageOf(this.#display.name, id);
    if (image?.width !== width || image.height !== height) return new Uint8Array(); // the window is changing its size
    const cropped = new Uint8Array(part.width * part.height * 4);
    for (let row = 0; row < part.height; row++) {
      const from = ((part.y + row) * width + part.x) * 4;
      cropped.set(image.rgba.subarray(from, from + part.width * 4), row * part.width * 4);
    }
    return cropped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#manager.kill();
    await this.#display[Symbol.asyncDispose]();
  }
}

/** The share of pixels that are within 3 levels of a colour. */
export function shareOf(rgba: Uint8Array, colour: readonly number[]): number {
  let count = 0;
  for (let i = 0; i < rgba.length; i += 4) {
    if (colour.every((value, channel) => Math.abs((rgba[i + channel] ?? 0) - value) <= 3)) count++;
  }
  return rgba.length === 0 ? 0 : count / (rgba.length / 4);
}

export async function eventually(what: string, isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline) {
    if (isTrue()) return;
    await Bun.sleep(50);
  }
  throw new Error(`${what} did not happen`);
}
