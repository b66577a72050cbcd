// Finds the line of a key in a TOML document, and the line of a syntax error.

import type { AST, ParseError } from "toml-eslint-parser";

/** A key of a table, or an index of an array. */
export type Key = string | number;

export interface KeyLines {
  /**
   * Returns the line of a key, counted from 1. For a missing key it is the line of the innermost table or array that should
   * contain it.
   */
  lineOf(path: readonly Key[]): number;
  /** The paths of all keys and array elements. */
  paths: readonly (readonly Key[])[];
}

export function locateKeys(tree: AST.TOMLProgram): KeyLines {
  const lines = new Map<string, number>();
  const paths: (readonly Key[])[] = [];
  const note = (path: readonly Key[], node: AST.TOMLNode) => {
    const key = JSON.stringify(path);
    if (lines.has(key)) return;
    lines.set(key, node.loc.start.line);
    paths.push([...path]);
  };
  const noteValue = (path: Key[], value: AST.TOMLContentNode) => {
    if (value.type === "TOMLInlineTable") notePairs(path, value.body);
    if (value.type !== "TOMLArray") return;
    for (const [index, element] of value.elements.entries()) {
      note([...path, index], element);
      noteValue([...path, index], element);
    }
  };
  const notePairs = (table: Key[], pairs: AST.TOMLKeyValue[]) => {
    for (const pair of pairs) {
      const path = [...table];
      for (const key of pair.key.keys) {
        path.push(key.type === "TOMLBare" ? key.name : key.value);
        note(path, key);
      }
      noteValue(path, pair.value);
    }
  };
  for (const node of tree.body[0].body) {
    if (node.type === "TOMLKeyValue") {
      notePairs([], [node]);
      continue;
    }
    for (let length = 1; length <= node.resolvedKey.length; length++) note(node.resolvedKey.slice(0, length), node);
    notePairs(node.resolvedKey, node.body);
  }
  const lineOf = (path: readonly Key[]) => {
    for (let length = path.length; length > 0; length--) {
      const line = lines.get(JSON.stringify(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return 1;
  };
  return { lineOf, paths };
}

/** Matches an unfinished line: a table's header without its closing bracket, or a key without a value. */
const UNFINISHED = /^\s*(\[[^[\]]*|\[\[[^[\]]*\]?|[^=[\]{}"',#]+=?)\s*(#.*)?$/;

/**
 * Returns the line of a syntax error. After an unfinished line the parser reports a later line, so the unfinished line is
 * searched.
 */
export function lineOfError(source: string, { lineNumber, column }: ParseError): number {
  if (column > 0) return lineNumber;
  const before = source.split("\n").slice(0, lineNumber - 1);
  const last = before.findLastIndex((line) => !/^\s*(#.*)?$/.test(line));
  return UNFINISHED.test(before[last] ?? "") ? last + 1 : lineNumber;
}
