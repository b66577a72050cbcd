// Addresses in the form that people write, and in the form that URL and ffmpeg read.

import { expect, test } from "bun:test";
import { withEncodedUser } from "../../src/capture/encoded-user.ts";

test.each([
  ["rtsp://camera/Live?A=B", "rtsp://camera/Live?A=B"],
  ["RTSP://Admin:Pass@camera/Live", "rtsp://Admin:Pass@camera/Live"],
  ["Http://admin:a/b@camera/x", "http://admin:a%2Fb@camera/x"],
  ["rtsp://admin:a@b@camera/x", "rtsp://admin:a@b@camera/x"],
  ["rtsp://admin:50%#?@camera/x", "rtsp://admin:50%25%23%3F@camera/x"],
])("encodedUser: %s is read as %s", (text, address) => {
  expect(withEncodedUser(text)).toBe(address);
});
