// The type of a rectangle of pixels.

/** A rectangle in pixels. Its position counts from the upper left corner of the picture or window. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
