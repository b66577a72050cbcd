// Commands that take only the processor and disk time that nothing else wants.

/** Returns the command that runs `command` at some priority. Process id, streams and exit code are those of `command`. */
export type Priority = (command: readonly string[]) => Promise<string[]>;

/** Commands that give the rest of the command line a low priority: for the processor (nice(1)), and for the disk (ionice(1)). */
const WAYS: readonly (readonly string[])[] = [
  ["nice", "-n", "19"],
  ["ionice", "-c", "3"],
];

/** Those that this system has and allows, or null before the first call. */
let usable: Promise<readonly string[]> | null = null;

/** The lowest priority, as far as this system has nice and ionice. They are tried once, and no frame waits for that. */
export const atLowPriority: Priority = async (command) => {
  usable ??= Promise.all(WAYS.map(usableOf)).then((ways) => ways.flat());
  return [...(await usable), ...command];
};

/** Returns the way, or nothing if it cannot be used. Containers can forbid ionice. */
async function usableOf(way: readonly string[]): Promise<readonly string[]> {
  const [program = ""] = way;
  if (Bun.which(program) === null) return [];
  const code = await Bun.spawn([...way, "true"], { stdio: ["ignore", "ignore", "ignore"] }).exited;
  return code === 0 ? way : [];
}
