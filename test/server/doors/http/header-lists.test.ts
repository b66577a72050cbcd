// Lists in HTTP headers, and the comparison of entity tags.

import { expect, test } from "bun:test";
import { hasTag, itemsOf } from "../../../../src/server/doors/http/header-lists.ts";

test.each([
  [null, [""]],
  ["", [""]],
  ["a", ["a"]],
  [" a ,b,\tc d ", ["a", "b", "c d"]],
] as const)("itemsOf: %j has the items %j", (field, items) => {
  expect(itemsOf(field)).toEqual([...items]);
});

test.each([
  [null, '"a"', false],
  ['"a"', '"a"', true],
  ['"b", "a"', '"a"', true],
  ['W/"a"', '"a"', true],
  ['"a"', 'W/"a"', true],
  ["*", '"a"', true],
  ['"ab"', '"a"', false],
  ["a", '"a"', false],
] as const)("hasTag: If-None-Match %j with the tag %j is %p", (field, tag, expected) => {
  expect(hasTag(field, tag)).toBe(expected);
});
