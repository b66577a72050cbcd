// Reads the parameters of an address.

/** Returns whether a parameter is on, in the values that people write. `fallback` is for a parameter that is not given. */
export function switchIn(parameters: URLSearchParams, name: string, fallback: boolean): boolean {
  const value = parameters.get(name)?.toLowerCase();
  if (value === undefined) return fallback;
  return value !== "0" && value !== "false" && value !== "no";
}

/** Returns the whole number of a parameter, null if it is not given, or a text that says what is wrong with it. */
export function numberIn(
  parameters: URLSearchParams,
  name: string,
  least: number,
  most: number,
): number | null | string {
  const text = parameters.get(name);
  if (text === null) return null;
  const value = Number(text);
  const isRight = /^\d+$/.test(text) && value >= least && value <= most;
  return isRight ? value : `${name} takes a whole number from ${least} to ${most}`;
}
