// Asks the browser for a frame as soon as the last bytes of a picture have come, and not only when the picture is drawn.
//
// Chromium passes on what a worker has drawn when its compositor has told the worker that a frame begins. The question and the answer
// go through two other threads and another process. They do so while the picture is decoded, if the worker asks first. The answer
// waits until the worker has drawn, because decoding and drawing are one task.

import type { ConnectionEvents } from "../../connect/connection-events.ts";

/**
 * With fewer tiles the browser is not asked early: they are decoded before its answer could come. Also, a few tiles of a still scene
 * are sent with each frame, and usually they change no pixel, so nothing is drawn.
 */
export const LEAST_TILES = 32;

/** Returns the events of a connection. They also call `ask` before the last part of each picture that has changed much. */
export function askEarly(events: ConnectionEvents, ask: () => void): ConnectionEvents {
  let count = 0;
  return {
    ...events,
    onTiles(tiles, arrival) {
      count += tiles.tiles.numbers.length;
      if (tiles.isLast && count >= LEAST_TILES) ask();
      if (tiles.isLast) count = 0;
      events.onTiles(tiles, arrival);
    },
    onPicture(picture, arrival) {
      ask();
      events.onPicture(picture, arrival);
    },
  };
}

/**
 * Returns the function that asks for a frame. There is one question at a time, because a browser does not answer while nobody sees the
 * page. Without `requestAnimationFrame` in workers nothing is asked.
 */
export function createQuestion(requestFrame: ((answered: () => void) => void) | undefined): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    requestFrame?.(() => {
      isAsked = false;
    });
  };
}
