// shownAddress: no address in a form that people or vendors write shows its password.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isAddress, shownAddress, shownSource, withoutSecrets } from "../../src/core/shown-address.ts";

describe("shownAddress: passwords are removed", () => {
  test.each([
    ["rtsp://camera:554/live", "rtsp://camera:554/live"],
    ["udp://239.0.0.1:1234", "udp://239.0.0.1:1234"],
    ["http://[fe80::1%eth0]:80/video", "http://[fe80::1%eth0]:80/video"],
    ["http://host/a@b/c", "http://host/a@b/c"],
    ["http://admin:hunter2@host:80/video", "http://host:80/video"],
    ["http://hunter2@host/video", "http://host/video"],
    ["http://admin:x@hunter2@host/video", "http://host/video"],
    ["http://admin:x/hunter2@host/video", "http://host/video"],
    ["http://admin:x#hunter2@host/video", "http://host/video"],
    ["http://admin:x?hunter2@host/video", "http://host/video"],
    ["http://admin:hunter2/@host/video", "http://host/video"],
    ["http://admin:@hunter2/@host/video", "http://host/video"],
    ["http://admin:p%40hunter2@host/video", "http://host/video"],
    ["http://admin:12/hunter2@host/video", "http://admin/…"],
    ["http://host/videostream.cgi?user=admin&pwd=hunter2", "http://host/videostream.cgi"],
    ["http://host/v?user=me@example.com&pwd=hunter2", "http://host/v"],
    ["http://host:80/v?user=me@example.com&pwd=hunter2", "http://host/…"],
    ["http://me:x@host/v?user=me@hunter2", "http://…"],
    ["http://host/video#hunter2", "http://host/video"],
    ["rtsp://host:554/user=admin_password=hunter2_channel=1.sdp?real_stream", "rtsp://host:554/…"],
    ["rtsp://host/live/user=admin&password=hunter2", "rtsp://host/live/…"],
    ["rtsp://host/0/admin:hunter2/main", "rtsp://host/0/…"],
    ["rtsp://host/0/admin%3Ahunter2/main", "rtsp://host/0/…"],
    ["RTSP://admin:hunter2@host/live", "RTSP://host/live"],
    ["rtsp:/admin:hunter2@host/live", "rtsp:/host/live"],
    ["http://admin:my hunter2@host/video", "http://host/video"],
    ["http://admin:x\nhunter2@host/video", "http://host/video"],
  ])("shownAddress: %j is shown as '%s'", (address, shown) => {
    expect(shownAddress(address)).toBe(shown);
  });

  const word = fc.stringMatching(/^[a-z][a-z0-9]{0,11}$/);
  const secret = fc.stringMatching(/^[A-Z]{4,8}[:@/?#&=;A-Z!$*+.,~%-]{0,6}[A-Z]{4,8}$/);
  const path = fc.constantFrom("", "/", "/live", "/clip.mp4", "/a@b", "/a/b/c", "?x=a@b", "/v?x=1#y");

  test("shownAddress: shows no part of a password that is not percent-encoded", () => {
    fc.assert(
      fc.property(fc.constantFrom("rtsp", "http"), word, secret, word, path, (scheme, user, password, host, rest) => {
        expect(shownAddress(`${scheme}://${user}:${password}@${host}${rest}`)).not.toMatch(/[A-Z]{4}/);
      }),
      { numRuns: 2000 },
    );
  });

  test("shownAddress: shows no part of a query", () => {
    fc.assert(
      fc.property(word, secret, word, (host, password, name) => {
        expect(shownAddress(`http://${host}/video.cgi?user=${name}&pwd=${password}`)).not.toMatch(/[A-Z]{4}/);
      }),
      { numRuns: 2000 },
    );
  });
});

test.each([
  ["rtsp://x", true],
  ["HTTP://x", true],
  ["file:///x.mp4", true],
  ["C:\\clip.mp4", false],
  ["c://clip", false],
  ["clip.mp4", false],
  ["/dev/video0", false],
  ["a b://c", false],
  ["://x", false],
])("isAddress: '%s' gives %p", (text, expected) => {
  expect(isAddress(text)).toBe(expected);
});

test.each([
  ["admin:hunter2@192.168.1.5/video", "192.168.1.5/video"],
  ["//admin:hunter2@192.168.1.5/video", "192.168.1.5/video"],
  ["192.168.1.5/v.cgi?user=admin&pwd=hunter2", "192.168.1.5/v.cgi"],
  ["async:http://admin:hunter2@host/x", "host/x"],
  ["/admin:hunter2@192.168.1.5/video", "192.168.1.5/video"],
  ["/dev/v4l/by-path/pci-0000:00:14.0-usb-0:1:1.0", "/dev/v4l/by-path/pci-0000:00:14.0-usb-0:1:1.0"],
  ["/home/me@work/film?a=1.mp4", "/home/me@work/film?a=1.mp4"],
  ["HD Webcam C525", "HD Webcam C525"],
  ["film.mp4", "film.mp4"],
])("shownSource: '%s' is shown as '%s'", (source, shown) => {
  expect(shownSource(source)).toBe(shown);
});

describe("withoutSecrets: passwords are removed from the messages of other programs", () => {
  test.each([
    [
      "http://admin:hunter2@h/v?a=b",
      "http://admin:hunter2@h/v?a=b: Input/output error",
      "http://h/v: Input/output error",
    ],
    ["http://admin:hunter2@h/v", "redirected to http://me:other@h2/w?pwd=1", "redirected to http://h2/w"],
    ["http://admin:x/hunter2@h/v", "Failed to resolve hostname x/hunter2", "Failed to resolve hostname …"],
    ["http://admin:p%40hunter2@h/v", "wrong password p@hunter2", "wrong password …"],
    ["http://h/v?user=me&pwd=hunter2", "GET /v?user=me&pwd=hunter2 failed", "GET /v… failed"],
    ["http://h/v?user=me&pwd=hunter2", "bad value 'hunter2'", "bad value '…'"],
  ])("withoutSecrets: the password of '%s' is removed from the message '%s'", (address, text, shown) => {
    expect(withoutSecrets(text, address)).toBe(shown);
  });
});
