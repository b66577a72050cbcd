// Finds elements of the page by their selectors.

/** Returns an element. Throws if index.html does not have it. */
export function find<E extends Element>(parent: ParentNode, selector: string, type: new () => E): E {
  const found = parent.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`the page has no ${selector}`);
  return found;
}
