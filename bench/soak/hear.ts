// Reads the findings of a process of a soak run, one JSON object a line, until the process ends.

/** Resolves when the process has closed its output. An incomplete last line is ignored. */
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
