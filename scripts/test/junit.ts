// Reads the JUnit reports of `bun test`.

export interface TestCase {
  /** The path relative to the checkout. */
  file: string;
  name: string;
  result: "passed" | "failed" | "skipped";
}

/** The tests of a report. A file that does not load is missing in Bun's report. */
export function readJunit(xml: string): TestCase[] {
  // The reports have no CDATA, and escape `<` and `>` in attributes, so a tag ends at its first `>`.
  return [...xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)].map(
    ([, attributes = "", inside = ""]) => {
      const attribute = (name: string) => unescapeXml(new RegExp(` ${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");
      // Bun puts the innermost `describe` first.
      const describes = attribute("classname").split(" > ").reverse();
      return {
        file: attribute("file"),
        name: [...describes, attribute("name")].filter((part) => part !== "").join(" > "),
        result: /<(failure|error)\b/.test(inside) ? "failed" : /<skipped\b/.test(inside) ? "skipped" : "passed",
      };
    },
  );
}

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function unescapeXml(text: string): string {
  return text.replace(/&(?:#(\d+)|(\w+));/g, (entity, code?: string, name?: string) =>
    code === undefined ? (ENTITIES[name ?? ""] ?? entity) : String.fromCodePoint(Number(code)),
  );
}
