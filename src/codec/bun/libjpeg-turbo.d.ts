// Type declarations for the used part of @cornerstonejs/codec-libjpeg-turbo-8bit, which has none itself.

declare module "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs" {
  /** The decoder. Its methods throw numbers, which are addresses of C++ exceptions. */
  interface JPEGDecoder {
    /** Returns memory for a JPEG of this number of bytes. */
    getEncodedBuffer(bytes: number): Uint8Array;
    decode(): void;
    getFrameInfo(): { width: number; height: number; componentCount: number };
    /** Returns the pixels, which are grey or RGB. They are valid until `delete` is called. */
    getDecodedBuffer(): Uint8Array;
    delete(): void;
  }
  export interface LibjpegTurbo {
    JPEGDecoder: new () => JPEGDecoder;
  }
  export default function create(options: { wasmBinary: ArrayBuffer }): Promise<LibjpegTurbo>;
}
