// Reads a stream of bytes chunk by chunk, until it ends or the reader stops.

/**
 * Calls `onChunk` with each chunk. Resolves when the stream ends or the signal aborts, and makes no further call after that. An abort
 * cancels the stream, unless `keeps` is true. Then another call goes on with the rest.
 */
export async function eachChunk(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  onChunk: (chunk: Uint8Array) => void,
  { keeps = false }: { keeps?: boolean } = {},
): Promise<void> {
  const chunks = new WritableStream<Uint8Array>({
    write(chunk) {
      // After an abort, pipeTo still writes a chunk that it has already read (Streams Standard).
      if (!signal.aborted) onChunk(chunk);
    },
  });
  try {
    await stream.pipeTo(chunks, { signal, preventCancel: keeps });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
