// Addresses as people write them, and as URL and ffmpeg read them.

import { expect, test } from "bun:test";
import { withEncodedUser } from "../../src/capture/encoded-user.ts";

test.each([
  ["rtsp://camera/Live?A=B", "rtsp://camera/Live?A=B"],
  ["RTSP://Admin:Pass@camera/Live", "rtsp://Admin:Pass@camera/Live"],
  ["Http://admin:a/b@camera/x", "http://admin:a%2Fb@camera/x"],
  ["rtsp://admin:a@b@camera/x", "rtsp://admin:a@b@camera/x"],
  ["rtsp://admin:50%#?@camera/x", "rtsp://admin:50%25%23%3F@camera/x"],
])("%s is read as %s", (text, address) => {
  expect(withEncodedUser(text)).toBe(address);
});
