// Queries the multicast DNS responder of a server for two seconds, as fast as the network allows.
//
// Usage: bun test/support/mdns-flood.ts ADDRESS     prints { questions, answers }

import { createSocket } from "node:dgram";
import { SERVICE } from "../../src/protocol/discovery.ts";

const DURATION_MS = 2_000;
const MDNS_PORT = 5353;
const AT_ONCE = 50;

const [address = ""] = process.argv.slice(2);
/** A query with one question (RFC 1035, 4.1): PTR, class IN. */
const question = Buffer.concat([
  Buffer.from([0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
  ...SERVICE.split(".").map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
  Buffer.from([0, 0, 12, 0, 1]),
]);
const socket = createSocket("udp4");
let questions = 0;
let answers = 0;
socket.on("message", () => answers++);
await new Promise<void>((resolve) => socket.bind(0, resolve)); // the source port is not 5353, so the answer is unicast
const end = Date.now() + DURATION_MS;
while (Date.now() < end) {
  for (let count = 0; count < AT_ONCE; count++) socket.send(question, MDNS_PORT, address);
  questions += AT_ONCE;
  await Bun.sleep(1);
}
await Bun.sleep(200);
console.log(JSON.stringify({ questions, answers }));
process.exit(0);
