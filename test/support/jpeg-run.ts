// Splits a run of JPEGs, for example an MJPEG file, into its pictures.

import { JpegReader } from "../../src/capture/jpeg/jpeg-reader.ts";

/** Returns copies of the pictures. Throws if one is damaged. */
export function picturesOf(run: Uint8Array): Uint8Array[] {
  const pictures: Uint8Array[] = [];
  const reader = new JpegReader(
    {
      picture: (jpeg) => void pictures.push(jpeg.slice()),
      damaged(reason) {
        throw new Error(reason);
      },
    },
    { hasBorders: false },
  );
  reader.write(run);
  reader.end();
  return pictures;
}
