// What a camera's answer contains, by its type and its first bytes: parts, JPEGs end to end, one JPEG, or something else.

/**
 * `parts`: multipart. `pictures`: JPEGs end to end, maybe only one. `one picture`: the whole answer is one JPEG. `playlist`: addresses of
 * the video, which a player follows. `page`: a web page. `other`: video that is not JPEG.
 */
export type ContentKind = "parts" | "pictures" | "one picture" | "playlist" | "page" | "other";

export interface ContentType {
  /** In lower case, without parameters: `multipart/x-mixed-replace`. Empty when the camera gives none. */
  name: string;
  /** The declared boundary of parts; null when there is none. */
  boundary: string | null;
}

/** Reads a Content-Type field (RFC 9110 8.3) as leniently as cameras write it. */
export function parseContentType(field: string | null): ContentType {
  const text = field ?? "";
  const [, quoted, plain] = /;\s*boundary\s*=\s*(?:"([^"]*)"?|([^\s;,]+))/i.exec(text) ?? [];
  const boundary = (quoted ?? plain)?.trim() ?? "";
  return { name: text.split(/[;,]/, 1)[0]?.trim().toLowerCase() ?? "", boundary: boundary === "" ? null : boundary };
}

/** The kind is known after this many bytes at the latest. */
const MAX_FIRST_BYTES = 4096;

const SOI = Buffer.from([0xff, 0xd8, 0xff]);
const PLAYLISTS = ["#EXTM3U", "<MPD", "<SmoothStreamingMedia", "[playlist]"];

/** The first bytes of what is not JPEG, whatever its type says. */
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
 * Returns the kind of an answer with these first bytes; null when more are needed. `isAll`: there are no more. `hasLength`: the answer
 * says how long it is.
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
  // Cameras that declare no type, or another one, may still send parts: their first line is a delimiter or a field.
  if (/^--\S+\r?\n|^content-(?:type|length)\s*:/i.test(text)) return "parts";
  const isJpeg = /^(?:image\/p?jpe?g|video\/x-(?:motion-)?m?jpe?g)$/.test(name);
  if (isJpeg || first.includes(SOI)) return isOne ? "one picture" : "pictures";
  return isWhole ? "other" : null;
}
