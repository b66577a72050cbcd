// A program with a window for tests of the source `screen`: coloured text on a dark background in a green border, still or moving.
//
// Usage: painter.ts WIDTH HEIGHT still|moving      prints `painted` when the window is on the screen

import sdl from "@kmamal/sdl";
import { GLYPH_HEIGHT, GLYPH_WIDTH, isInk } from "../../src/client/screens/font.ts";

const INKS = [0xff0000ff, 0xff00ff00, 0xffff4040, 0xff00ffff, 0xffff00ff, 0xffffff00, 0xffffffff]; // the byte order is ABGR
const GROUND = 0xff301010;
const FRAME = 0xff20c020;
const TEXT = "THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG 0123456789 ";

function paint(width: number, height: number): Buffer {
  const pixels = new Uint32Array(width * height).fill(GROUND);
  const [columns, rows] = [Math.floor((width - 8) / (GLYPH_WIDTH + 1)), Math.floor((height - 8) / (GLYPH_HEIGHT + 2))];
  for (let cell = 0; cell < columns * rows; cell++) {
    const [left, top] = [4 + (cell % columns) * (GLYPH_WIDTH + 1), 4 + Math.floor(cell / columns) * (GLYPH_HEIGHT + 2)];
    for (let y = 0; y < GLYPH_HEIGHT; y++) {
      for (let x = 0; x < GLYPH_WIDTH; x++) {
        if (isInk(TEXT[cell % TEXT.length] as string, x, y)) {
          pixels[(top + y) * width + left + x] = INKS[Math.floor(cell / 5) % INKS.length] as number;
        }
      }
    }
  }
  for (let x = 0; x < width; x++) pixels[x] = pixels[(height - 1) * width + x] = FRAME;
  for (let y = 0; y < height; y++) pixels[y * width] = pixels[y * width + width - 1] = FRAME;
  return Buffer.from(pixels.buffer);
}

const [width, height] = [Number(process.argv[2]), Number(process.argv[3])];
const window = sdl.video.createWindow({
  width,
  height,
  x: 20,
  y: 20,
  borderless: true,
  accelerated: false,
  vsync: false,
});
const picture = paint(width, height);
const show = () => window.render(width, height, width * 4, "rgba32", picture);
show();
window.on("expose", show);
setTimeout(() => console.log("painted"), 300); // X has drawn the window by this time
let step = 0;
setInterval(() => {
  if (process.argv[4] === "moving") window.setPosition(20 + (++step % 20) * 5, 20 + (step % 7) * 3);
}, 40);
