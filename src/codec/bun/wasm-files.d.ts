// Bun gives the path of a file that is imported `with { type: "file" }`.

declare module "*.wasm" {
  const path: string;
  export default path;
}
