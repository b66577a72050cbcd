// Detects the content of a camera's answer from its type and its first bytes: multipart, consecutive JPEGs, one JPEG, or other
// content.

/**
 * The kinds of content:
 * - `parts`: multipart;
 * - `pictures`: consecutive JPEGs, maybe only one;
 * - `one picture`: the whole answer is one JPEG;
 * - `playlist`: a list of addresses of the video for a player;
 * - `page`: a web page;
 * - `text`: other text, for example an error in JSON;
 * - `other`: video that is not JPEG.
 */
export type ContentKind = "parts" | "pictures" | "one picture" | "playlist" | "page" | "text" | "other";

export interface ContentType {
  /**
   * The type in lower case without parameters, for example `multipart/x-mixed-replace`. It is empty if the camera sends no type.
   */
  name: string;
  /** The declared boundary of parts, or null. */
  boundary: string | null;
}

/** Parses a Content-Type field (RFC 9110 8.3). It also accepts the invalid forms that cameras write. */
export function parseContentType(field: string | null): ContentType {
  const text = field ?? "";
  const [, quoted, plain] = /;\s*boundary\s*=\s*(?:"([^"]*)"?|([^\s;,]+))/i.exec(text) ?? [];
  const boundary = (quoted ?? plain)?.trim() ?? "";
  return { name: text.split(/[;,]/, 1)[0]?.trim().toLowerCase() ?? "", boundary: boundary === "" ? null : boundary };
}

/** The kind of any content can be told from this many bytes. */
const MAX_FIRST_BYTES = 4096;

const SOI = Buffer.from([0xff, 0xd8, 0xff]);
/** The types of other text. Playlists have such types, too, but they are recognised first, by their first bytes. */
const TEXT_TYPE = /^(?:text\/.*|application\/(?:.*\+)?(?:json|xml))$/;
const PLAYLISTS = ["#EXTM3U", "<MPD", "<SmoothStreamingMedia", "[playlist]"];

/** The first bytes of content that is not JPEG, even if its type is JPEG. */
const OTHERS: readonly (readonly [at: number, text: string])[] = [
  [0, "\x89PNG"],
  [0, "GIF8"],
  [0, "RIFF"],
  [0, "FLV\x01"],
  [0, "\x1aE\xdf\xa3"], // Matroska, WebM
  [0, "OggS"],
  [0, "\x47\x40"], // MPEG-TS, whose first packet begins a section
  [0, "\x00\x00\x01"],
  [0, "\x00\x00\x00\x01"], // H.264, H.265
  [4, "ftyp"],
  [4, "moov"],
  [4, "styp"],
];

/**
 * Returns the kind of an answer from its first bytes, or null when more bytes are needed. `isAll` means that no more bytes
 * follow. `hasLength` means that the answer has a Content-Length.
 */
export function kindOf(
  { name }: ContentType,
  first: Buffer,
  { isAll, hasLength }: { isAll: boolean; hasLength: boolean },
): ContentKind | null {
  if (name.startsWith("multipart/")) return "parts";
  const isWhole = isAll || first.length >= MAX_FIRST_BYTES;
  if (first.length < 16 && !isWhole) return null;
  const isOne = name.startsWith("image/") && hasLength;
  if (first.subarray(0, SOI.length).equals(SOI)) return isOne ? "one picture" : "pictures";
  if (OTHERS.some(([at, text]) => first.toString("latin1", at, at + text.length) === text)) return "other";
  const text = first.toString("latin1").trimStart();
  if (PLAYLISTS.some((start) => text.slice(0, 1024).includes(start))) return "playlist";
  if (/^(?:<!doctype html|<html)/i.test(text)) return "page";
  // Cameras that declare no type or a wrong type may still send parts. Then the first line is a delimiter or a header field.
  if (/^--\S+\r?\n|^content-(?:type|length)\s*:/i.test(text)) return "parts";
  const isJpeg = /^(?:image\/p?jpe?g|video\/x-(?:motion-)?m?jpe?g)$/.test(name);
  if (isJpeg || first.includes(SOI)) return isOne ? "one picture" : "pictures";
  if (!isWhole) return null;
  return TEXT_TYPE.test(name) && text !== "" && !first.some(isControl) ? "text" : "other";
}

/** The first bytes of single pictures that are not JPEGs. GIF is missing, because a GIF may be a video. */
const STILLS: readonly (readonly [start: RegExp, format: string])[] = [
  [/^\x89PNG/, "PNG"],
  [/^BM/, "BMP"],
  [/^RIFF.{4}WEBP/s, "WebP"],
];

/** Returns the format of a single picture that is not JPEG, from its first bytes, or null if they are something else. */
export function stillFormatOf(first: Buffer): string | null {
  const start = first.toString("latin1", 0, 12);
  return STILLS.find(([pattern]) => pattern.test(start))?.[1] ?? null;
}

/** Returns whether a byte is a control character, which text does not have. Some servers call every answer text. */
function isControl(byte: number): boolean {
  return byte < 9 || (byte > 13 && byte < 32);
}
