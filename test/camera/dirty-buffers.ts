// Makes a copy of the lab's folder whose camera sends buffers with bytes around their pictures, and buffers without pictures.
//
// usage: bun test/camera/dirty-buffers.ts LAB COPY

import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { picturesOf } from "../support/jpeg-run.ts";

const SOI = Buffer.from([0xff, 0xd8]);

const [lab, copy] = process.argv.slice(2);
if (lab === undefined || copy === undefined) throw new Error("write the folder of the lab and that of the copy");
rmSync(copy, { recursive: true, force: true });
cpSync(lab, copy, { recursive: true, filter: (path) => !path.includes("/run.") });
renameSync(join(copy, "uvc"), join(copy, "clean"));
cpSync(join(copy, "clean"), join(copy, "uvc"), { recursive: true });
for (const size of ["320x240", "640x480", "1280x720", "1920x1080"]) {
  const pictures = picturesOf(readFileSync(join(copy, "clean", `mjpg_${size}`)));
  writeFileSync(join(copy, "uvc", `mjpg_${size}`), Buffer.concat(pictures.map(dirty)));
}

/** The camera of the lab begins a buffer at each SOI, so the other bytes have none. */
function dirty(jpeg: Uint8Array, n: number): Uint8Array {
  if (n % 10 === 9) return Buffer.concat([SOI, Buffer.alloc(3000)]);
  if (n % 5 === 4)
    return Buffer.concat([jpeg, Buffer.alloc(100), jpeg.subarray(2, 300), jpeg.subarray(-60), Buffer.alloc(50)]);
  return Buffer.concat([jpeg, Buffer.alloc(200 + n)]);
}
