// Stores keys of many servers, each in two steps. Several of these programs run at the same time.
//
// Usage: bun test/support/keep-servers.ts FOLDER NAME COUNT

import { KnownServersFile } from "../../src/connect/known-servers.ts";

if (import.meta.main) {
  const [folder = "", name = "", count = "0"] = process.argv.slice(2);
  const store = new KnownServersFile(folder);
  for (let server = 0; server < Number(count); server++) {
    const address = { host: `${name}${server}.local`, port: 10050, camera: "" };
    await store.update(address, { key: "k7qf2mzd9x4tb0hn5rwv" });
    await store.update(address, { usesTls: true });
  }
}
