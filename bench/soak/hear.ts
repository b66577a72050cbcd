// Hears what a process of a soak run says: one JSON object a line, until it ends.

/** Resolves when the process has closed its output; a last line that was cut off by its end is left out. */
export async function hearFindings<Said>(
  stdout: ReadableStream<Uint8Array>,
  hear: (said: Said) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stdout) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) hear(JSON.parse(line));
  }
}
