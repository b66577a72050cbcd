// The kind of an answer, from its content type and its first bytes.

import { expect, test } from "bun:test";
import { type ContentKind, kindOf, parseContentType } from "../../../src/capture/http/content.ts";
import { ffmpeg } from "../../support/jpeg-tools.ts";
import { PICTURES } from "../../support/multipart-streams.ts";

test.each([
  ["multipart/x-mixed-replace;boundary=frame", "multipart/x-mixed-replace", "frame"],
  ['Multipart/X-Mixed-Replace; charset=utf-8; BOUNDARY = "a b;c"', "multipart/x-mixed-replace", "a b;c"],
  ["multipart/x-mixed-replace; boundary=--frame; x=y", "multipart/x-mixed-replace", "--frame"],
  ['multipart/x-mixed-replace; boundary="frame', "multipart/x-mixed-replace", "frame"],
  ["multipart/x-mixed-replace; boundary=", "multipart/x-mixed-replace", null],
  ["image/jpeg", "image/jpeg", null],
  [null, "", null],
] as const)("parseContentType: reads '%s'", (field, name, boundary) => {
  expect(parseContentType(field)).toEqual({ name, boundary });
});

const JPEG = PICTURES[0] as Buffer;
const made = (...args: string[]) =>
  Buffer.from(ffmpeg(["-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=1", ...args, "pipe:1"]).bytes);
const WHOLE = { isAll: false, hasLength: false };

test.each([
  ["a JPEG", "", JPEG, false, "pictures"],
  ["a JPEG whose type is wrong", "text/html", JPEG, false, "pictures"],
  ["a JPEG with a length", "image/jpeg", JPEG, true, "one picture"],
  ["a JPEG of any type with a length", "application/octet-stream", JPEG, true, "pictures"],
  [
    "bytes before a JPEG",
    "image/jpeg",
    Buffer.concat([Buffer.from("\r\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), JPEG]),
    false,
    "pictures",
  ],
  ["parts without a type", "", Buffer.from("--frame\r\nContent-Type: image/jpeg\r\n\r\n"), false, "parts"],
  [
    "parts with a wrong type",
    "image/jpeg",
    Buffer.from("\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n"),
    false,
    "parts",
  ],
  ["a playlist", "", Buffer.from("#EXTM3U\n#EXT-X-VERSION:3\n"), false, "playlist"],
  [
    "a manifest",
    "",
    Buffer.from('<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">'),
    false,
    "playlist",
  ],
  ["a page", "text/html", Buffer.from("\n<!DOCTYPE html><html>"), false, "page"],
  ["an error in JSON", "application/json", Buffer.from('{"error": "there is no such channel"}'), true, "text"],
  ["an error in words", "text/plain", Buffer.from("the camera is busy\n"), true, "text"],
  ["an empty answer that calls itself text", "text/plain", Buffer.alloc(0), true, "other"],
  ["MPEG-TS that calls itself text", "text/plain", made("-f", "mpegts"), false, "other"],
  ["H.263 that calls itself text", "text/plain", made("-s", "176x144", "-c:v", "h263", "-f", "h263"), false, "other"],
  ["MPEG-TS", "", made("-f", "mpegts"), false, "other"],
  ["MPEG-TS with MJPEG in it", "", made("-c:v", "mjpeg", "-f", "matroska"), false, "other"],
  ["FLV", "video/x-flv", made("-f", "flv"), false, "other"],
  ["Matroska", "", made("-f", "matroska"), false, "other"],
  ["fragmented MP4", "video/mp4", made("-movflags", "frag_keyframe+empty_moov", "-f", "mp4"), false, "other"],
  ["AVI", "", made("-c:v", "mjpeg", "-f", "avi"), false, "other"],
  ["MPEG-4", "", made("-c:v", "mpeg4", "-f", "m4v"), false, "other"],
  ["PNG", "image/png", made("-frames:v", "1", "-c:v", "png", "-f", "image2pipe"), true, "other"],
  [
    "PNG that calls itself JPEG",
    "image/jpeg",
    made("-frames:v", "1", "-c:v", "png", "-f", "image2pipe"),
    true,
    "other",
  ],
] as [string, string, Buffer, boolean, ContentKind][])(
  "kindOf: the kind is right for %s",
  (_, name, first, hasLength, kind) => {
    const type = { name, boundary: null };
    expect(kindOf(type, first.subarray(0, 4096), { isAll: first.length < 4096, hasLength })).toBe(kind);
    // With fewer bytes the kind may still be unknown, but it is never another kind.
    for (let bytes = 0; bytes < Math.min(200, first.length); bytes++) {
      expect([kind, null]).toContain(kindOf(type, first.subarray(0, bytes), { ...WHOLE, hasLength }));
    }
  },
);
