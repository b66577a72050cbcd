// A rectangle of pixels.

/** In pixels, from the upper left corner of the picture or window that it lies in. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
