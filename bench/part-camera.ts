// A network camera for `bench lateness`: it sends JPEGs in HTTP parts at a rate, and prints for each one when its last byte was written.
//
// Usage: bun bench/part-camera.ts FPS yes|no
//
// `yes` gives each part its length. The clock of the times is CLOCK_MONOTONIC, which all processes share. The end of the standard input
// ends the camera.

import { monotonicMicros } from "../src/system/monotonic-clock.ts";
import { encodeJpeg } from "../src/index.ts";
import { numberedJpeg } from "./numbered-jpeg.ts";

/** A line of the output: first the port, then one for each picture. */
export type CameraLine = { port: number } | { number: number; writtenAt: number };

const [fps, hasLength] = [Number(process.argv[2]), process.argv[3] === "yes"];
const SIZE = { width: 640, height: 480 };
const noise = new Uint8Array(SIZE.width * SIZE.height * 4).map((_, at) => (at % 4 === 3 ? 255 : (at * 7919) % 251));
const picture = await encodeJpeg(noise, SIZE);

const server = Bun.listen({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    data(socket) {
      socket.setNoDelay(true);
      socket.write("HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=next\r\n\r\n");
      let number = 0;
      setInterval(() => {
        const jpeg = numberedJpeg(picture, ++number);
        const length = hasLength ? `Content-Length: ${jpeg.length}\r\n` : "";
        // A part without a length ends with the delimiter of the next one, which comes with the next picture.
        const head = `${number === 1 ? "--next\r\n" : ""}Content-Type: image/jpeg\r\n${length}\r\n`;
        const tail = hasLength ? "\r\n--next\r\n" : "";
        const start = hasLength || number === 1 ? "" : "\r\n--next\r\n";
        const part = Buffer.concat([Buffer.from(start + head), jpeg]);
        if (socket.write(part) < part.length) throw new Error("the kernel has no room for a picture");
        say({ number, writtenAt: monotonicMicros() });
        if (tail !== "") socket.write(tail);
      }, 1000 / fps);
    },
  },
});
say({ port: server.port });
for await (const _ of Bun.stdin.stream());
process.exit(0);

function say(line: CameraLine): void {
  console.log(JSON.stringify(line));
}
