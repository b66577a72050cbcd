// A script for pages under test: it reads the pixels of a canvas. It is text, because tests are checked with the types of Bun,
// which have no DOM.

/** A function of a page. It takes a canvas, and returns its size and its pixels (RGBA) as text in base64. */
export const READ_CANVAS = `((canvas) => {
  const copy = document.createElement("canvas");
  copy.width = canvas.width;
  copy.height = canvas.height;
  const context = copy.getContext("2d");
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, copy.width, copy.height);
  return { width: copy.width, height: copy.height, text: new Uint8Array(data.buffer).toBase64() };
})`;
