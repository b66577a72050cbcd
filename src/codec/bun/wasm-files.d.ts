// Declares imports of .wasm files. With `{ type: "file" }` Bun returns the path of the file.

declare module "*.wasm" {
  const path: string;
  export default path;
}
