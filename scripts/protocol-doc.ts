// Prints the generated parts of docs/protocol.md: the rules and messages of wire.ts, the limits, the worked exchange and the worked proof.
//
// Usage: bun scripts/protocol-doc.ts     test/scripts/protocol-doc.test.ts fails while the page is out of date

import { join } from "node:path";
import * as wire from "../src/protocol/wire.ts";
import { EXCHANGE, exchangeAsMarkdown } from "./protocol-doc/exchange.ts";
import { proofAsMarkdown } from "./protocol-doc/proof.ts";
import { messagesAsMarkdown, readSpecification, sectionsAsMarkdown } from "./protocol-doc/specification.ts";
import { tableAsMarkdown } from "./protocol-doc/table.ts";

export const PAGE = join(import.meta.dir, "../docs/protocol.md");
const SPECIFICATION = join(import.meta.dir, "../src/protocol/wire.ts");

const LIMITS: readonly (readonly [what: string, value: string])[] = [
  ["length of a message before the greeting is done", `${wire.MAX_GREETING_BYTES} bytes`],
  ["length of a viewer's message", `${wire.MAX_VIEWER_MESSAGE_BYTES / 1024} KiB`],
  ["length of a server's message", `${wire.MAX_SERVER_MESSAGE_BYTES / 1024 / 1024} MiB`],
  ["a string", `${wire.MAX_STRING_BYTES} bytes`],
  ["the name of a camera", `${wire.MAX_CAMERA_NAME_BYTES} bytes`],
  ["cameras of a server", `${wire.MAX_CAMERAS}`],
  ["questions about controls without an answer", `${wire.MAX_OPEN_QUESTIONS}`],
  ["time until the greeting", `${wire.GREETING_TIMEOUT_MS / 1000} s`],
  ["time without a message", `${wire.SILENCE_TIMEOUT_MS / 1000} s`],
];

/** The page with current generated parts. Throws if the page has no markers for a part. */
export async function withGeneratedParts(page: string): Promise<string> {
  const { sections, messages } = readSpecification(await Bun.file(SPECIFICATION).text());
  const parts = {
    rules: sectionsAsMarkdown(sections),
    limits: tableAsMarkdown([["limit", "at most"], ...LIMITS]),
    messages: messagesAsMarkdown(messages),
    exchange: exchangeAsMarkdown(EXCHANGE),
    proof: proofAsMarkdown(),
  };
  let result = page;
  for (const [name, text] of Object.entries(parts)) {
    const part = new RegExp(`(<!-- begin ${name} -->\n).*?(<!-- end ${name} -->)`, "s");
    if (!part.test(result)) throw new Error(`docs/protocol.md has no markers for '${name}'`);
    result = result.replace(part, (_, begin: string, end: string) => `${begin}\n${text}\n\n${end}`);
  }
  return result;
}

if (import.meta.main) await Bun.write(PAGE, await withGeneratedParts(await Bun.file(PAGE).text()));
