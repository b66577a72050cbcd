// Commands that take only the processor and disk time that nothing else wants.

/** Returns the command that runs `command` at some priority. Process id, streams and exit code are those of `command`. */
export type Priority = (command: readonly string[]) => string[];

/** Commands that give the rest of the command line a low priority: for the processor (nice(1)), and for the disk (ionice(1)). */
const WAYS: readonly (readonly string[])[] = [
  ["nice", "-n", "19"],
  ["ionice", "-c", "3"],
];

/** Those that this system has and allows, or null before the first call. */
let usable: readonly string[] | null = null;

/** The lowest priority, as far as this system has nice and ionice. */
export const atLowPriority: Priority = (command) => {
  usable ??= WAYS.filter(isUsable).flat();
  return [...usable, ...command];
};

/** Containers can forbid ionice. */
function isUsable(way: readonly string[]): boolean {
  const [program = ""] = way;
  return Bun.which(program) !== null && Bun.spawnSync([...way, "true"], { stderr: "ignore" }).success;
}
