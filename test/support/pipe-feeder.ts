// Writes to the standard input of a program at an interval, as a camera does that writes to a pipe.

/**
 * Writes what `next` returns every `intervalMs`, until the returned function is called or the program has ended.
 * The end of the program breaks the pipe, which is no failure of a test.
 */
export function feedPipe(stdin: Bun.FileSink, intervalMs: number, next: () => Uint8Array): () => void {
  const feed = async () => {
    await stdin.write(next());
    await stdin.flush();
  };
  const stop = () => clearInterval(timer);
  const timer = setInterval(() => void feed().catch(stop), intervalMs);
  return stop;
}
