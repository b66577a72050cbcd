// Finds elements of the page by their selectors, and changes their text.

/** Returns an element. Throws if index.html does not have it. */
export function find<E extends Element>(parent: ParentNode, selector: string, type: new () => E): E {
  const found = parent.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`the page has no ${selector}`);
  return found;
}

/** Changes the text of an element. Even the same text would be laid out and painted again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
