// The code that test/bundle.test.ts bundles and runs in a context without Bun and node.

import { Arena } from "../../src/codec/memory/arena.ts";
import type { Job, WorkerMessage } from "../../src/codec/threads/job.ts";
import { serveJobs } from "../../src/codec/threads/serve-jobs.ts";
import { readJpegSize } from "../../src/codec/jpeg/header.ts";
import { type WasmFile, WasmModules } from "../../src/codec/wasm/modules.ts";
import { Connection } from "../../src/connect/connection.ts";
import { MessageSplitter } from "../../src/protocol/splitter.ts";

export interface Page {
  /** Decodes a JPEG as a codec thread does. `read` loads the WebAssembly. Returns the RGBA bytes. */
  decode(
    jpeg: Uint8Array<ArrayBuffer>,
    read: (file: WasmFile) => Promise<Uint8Array<ArrayBuffer>>,
  ): Promise<Uint8Array>;
  /** The type and the length of each message in the chunks. */
  split(chunks: readonly Uint8Array[]): [type: number, bytes: number][];
  /** The bytes that a viewer sends to a server that sent these bytes. */
  converse(fromServer: Uint8Array): Uint8Array[];
}

const page: Page = {
  async decode(jpeg, read) {
    const arena = Arena.create();
    const { promise, resolve } = Promise.withResolvers<WorkerMessage>();
    const setup = { codec: "simd", memory: arena.memory, warmUpFor: ["decode"] } as const;
    const serve = await serveJobs(setup, new WasmModules(read), resolve);
    const { width, height } = readJpegSize(jpeg);
    const bytes = width * height * 4;
    const address = arena.take(bytes);
    serve({ kind: "decode", jpeg: new Uint8Array(jpeg), target: { address, bytes } } satisfies Job);
    const message = await promise;
    if (message.kind !== "result" || !message.result.ok) throw new Error(JSON.stringify(message));
    return arena.bytes(address, bytes).slice();
  },
  split(chunks) {
    const found: [number, number][] = [];
    const splitter = new MessageSplitter(1000, (type, body) => found.push([type, body.length]));
    for (const chunk of chunks) splitter.feed(chunk);
    return found;
  },
  converse(fromServer) {
    const sent: Uint8Array[] = [];
    const write = (bytes: Uint8Array) => sent.push(bytes.slice()) && bytes.length;
    const ignore = () => undefined;
    const connection = new Connection(
      { write, bufferedBytes: 0, end: ignore, abort: ignore },
      { host: "camera.example", port: 1, camera: "door" },
      { onWelcome: ignore, onStream: ignore, onPicture: ignore, onTiles: ignore, onNotice: ignore },
    );
    connection.receive(fromServer);
    connection.close();
    return sent;
  },
};
Object.assign(globalThis, { page });
