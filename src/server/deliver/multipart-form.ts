// The form of a multipart stream of JPEGs. Its header fields are those of ustreamer and mjpg-streamer, because programs of people
// read them.
//
// The delimiter that ends a picture follows it at once, so that a program without Content-Length sees its end. Chromium shows a
// picture only when the headers of the next part have arrived (https://crbug.com/41170899, formerly 527446). So browsers get these
// headers with the picture. They cannot say the length of a picture that does not exist yet, while ffmpeg without Content-Length
// reads in blocks of 2 KiB, and so gets the end of a picture one picture late. Therefore there are two forms.

import { nowMicros } from "../../core/clock.ts";
import type { FeedJpeg } from "../renditions/feed.ts";

export const BOUNDARY = "boundarydonotcross";

/** The Content-Type of the stream. */
export const MULTIPART_TYPE = `multipart/x-mixed-replace;boundary=${BOUNDARY}`;

export interface PartForm {
  /** Whether the headers of the next part come with the picture, and without Content-Length. */
  advancesHeaders: boolean;
  /** Whether parts have the headers X-UStreamer-… with the times of the picture. */
  hasExtraHeaders: boolean;
}

/** Facts for the extra headers. */
export interface PartFacts {
  /** Whether the camera delivers pictures. */
  isOnline: boolean;
  /** The number of pictures that the client was not sent. */
  skipped: number;
  /** The pictures that the client was sent in the last second. */
  framesPerSecond: number;
}

const DELIMITER = `\r\n--${BOUNDARY}\r\n`;
const ADVANCED_HEADERS = "Content-Type: image/jpeg\r\n\r\n";

const encoder = new TextEncoder();

/** Returns the bytes before the first picture. */
export function openingOf({ advancesHeaders }: PartForm): Uint8Array<ArrayBuffer> {
  return encoder.encode(`--${BOUNDARY}\r\n${advancesHeaders ? ADVANCED_HEADERS : ""}`);
}

/** The parts of pictures that several clients are sent. */
const shared = {
  plain: new WeakMap<FeedJpeg, Uint8Array<ArrayBuffer>>(),
  advanced: new WeakMap<FeedJpeg, Uint8Array<ArrayBuffer>>(),
};

/** Returns the bytes of a picture's part. Clients with the same form share them, unless they have extra headers. */
export function partOf(jpeg: FeedJpeg, form: PartForm, facts: PartFacts): Uint8Array<ArrayBuffer> {
  const { advancesHeaders, hasExtraHeaders } = form;
  if (advancesHeaders)
    return sharedPart(shared.advanced, jpeg, () => writePart("", jpeg, DELIMITER + ADVANCED_HEADERS));
  if (hasExtraHeaders) return writePart(`${headersOf(jpeg)}${extraHeaders(jpeg, facts)}\r\n`, jpeg, DELIMITER);
  return sharedPart(shared.plain, jpeg, () => writePart(`${headersOf(jpeg)}\r\n`, jpeg, DELIMITER));
}

function sharedPart(
  parts: WeakMap<FeedJpeg, Uint8Array<ArrayBuffer>>,
  jpeg: FeedJpeg,
  make: () => Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const made = parts.get(jpeg) ?? make();
  parts.set(jpeg, made);
  return made;
}

/** Head, picture and tail are sent with one write, so that the client wakes up once. */
function writePart(head: string, { bytes }: FeedJpeg, tail: string): Uint8Array<ArrayBuffer> {
  const part = new Uint8Array(head.length + bytes.length + tail.length);
  encoder.encodeInto(head, part);
  part.set(bytes, head.length);
  encoder.encodeInto(tail, part.subarray(head.length + bytes.length));
  return part;
}

function headersOf({ bytes, capturedAt }: FeedJpeg): string {
  return `Content-Type: image/jpeg\r\nContent-Length: ${bytes.length}\r\nX-Timestamp: ${seconds(capturedAt)}\r\n`;
}

/** The headers of ustreamer with `?extra_headers=1`. All times are seconds since 1970. */
function extraHeaders(
  { width, height, capturedAt, encodedAt }: FeedJpeg,
  { isOnline, skipped, framesPerSecond }: PartFacts,
): string {
  const now = nowMicros();
  const fields = {
    Online: isOnline,
    Dropped: skipped,
    Width: width,
    Height: height,
    "Client-FPS": framesPerSecond,
    "Grab-Begin-Time": seconds(capturedAt),
    "Grab-End-Time": seconds(capturedAt),
    "Encode-Begin-Time": seconds(capturedAt),
    "Encode-End-Time": seconds(encodedAt),
    "Expose-Begin-Time": seconds(encodedAt),
    "Expose-Cmp-Time": seconds(encodedAt),
    "Expose-End-Time": seconds(encodedAt),
    "Send-Time": seconds(now),
    Latency: seconds(now - capturedAt),
  };
  return Object.entries(fields)
    .map(([field, value]) => `X-UStreamer-${field}: ${value}\r\n`)
    .join("");
}

/** Returns a time as ustreamer writes it: seconds with six digits. */
export function seconds(micros: number): string {
  return (micros / 1e6).toFixed(6);
}
