// Runs the commands of a build.

/** Runs a command in a folder. Throws an error with its output if it fails. */
export async function run(command: readonly string[], cwd: string): Promise<void> {
  const child = Bun.spawn([...command], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const [output, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) throw new Error(`'${command.join(" ")}' failed:\n${output}${errors}`);
}
