// The order in which the files of a folder are played: by name, with numbers by their value.

/** The length to which numbers are filled with zeros for the comparison. */
const DIGITS = 20;

/** Returns the names in order: `cam_9.mkv` is before `cam_10.mkv`, and `door_…_08-10-00.mkv` before `door_…_08-10-00_2.mkv`. */
export function inOrder(names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, key: keyOf(name) }))
    .toSorted((a, b) => compare(a.key, b.key))
    .map(({ name }) => name);
}

/** Returns the names after `last`, which need not be among them. `names` is in order. Null means before the first name. */
export function namesAfter(names: readonly string[], last: string | null): string[] {
  if (last === null) return [...names];
  const lastKey = keyOf(last);
  const at = names.findIndex((name) => compare(keyOf(name), lastKey) > 0);
  return at === -1 ? [] : names.slice(at);
}

/** Returns a text whose order of code units is the order of the name. Names that differ only in leading zeros differ at its end. */
function keyOf(name: string): string {
  return `${name.replace(/\d+/g, (digits) => digits.padStart(DIGITS, "0"))}\0${name}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
