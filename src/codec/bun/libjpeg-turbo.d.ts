// What we use of @cornerstonejs/codec-libjpeg-turbo-8bit, which comes without declarations.

declare module "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs" {
  /** Throws numbers: addresses of C++ exceptions. */
  interface JPEGDecoder {
    /** Memory for a JPEG of so many bytes. */
    getEncodedBuffer(bytes: number): Uint8Array;
    decode(): void;
    getFrameInfo(): { width: number; height: number; componentCount: number };
    /** Grey or RGB, valid until `delete`. */
    getDecodedBuffer(): Uint8Array;
    delete(): void;
  }
  export interface LibjpegTurbo {
    JPEGDecoder: new () => JPEGDecoder;
  }
  export default function create(options: { wasmBinary: ArrayBuffer }): Promise<LibjpegTurbo>;
}

declare module "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasm" {
  /** Bun gives the path of a file that is imported `with { type: "file" }`. */
  const path: string;
  export default path;
}
