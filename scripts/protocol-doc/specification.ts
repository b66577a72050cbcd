// The specification in the head comment of src/protocol/wire.ts, read as sections and messages, and printed as Markdown.

import { tableAsMarkdown } from "./table.ts";

export interface Section {
  /** A constant such as `CREDIT` in the comment. */
  title: string;
  text: string;
}

export interface Message {
  type: number;
  name: string;
  from: string;
  fields: string[];
  text: string;
}

export interface Specification {
  sections: Section[];
  messages: Message[];
}

const SECTION = /^([A-Z]+) {2,}(.*)$/;
const MESSAGE = /^ {1,3}(\d+) (\w+), from (?:the )?(\w+)$/;
const FIELDS = /^ {5}\| (.*)$/;

/** Reads the comment at the start of wire.ts. Throws for a line that has none of the forms that the comment describes. */
export function readSpecification(source: string): Specification {
  const lines = source.split("\n");
  const comment = lines
    .slice(
      0,
      lines.findIndex((line) => !line.startsWith("//")),
    )
    .map((line) => line.slice(3));
  const sections: Section[] = [];
  const messages: Message[] = [];
  for (const line of comment.slice(comment.indexOf(comment.find((each) => SECTION.test(each)) ?? ""))) {
    const [, title, begin = ""] = SECTION.exec(line) ?? [];
    const [, type, name = "", from = ""] = MESSAGE.exec(line) ?? [];
    const [, fields] = FIELDS.exec(line) ?? [];
    const message = messages.at(-1);
    if (title !== undefined) sections.push({ title, text: begin });
    else if (type !== undefined) messages.push({ type: Number(type), name, from, fields: [], text: "" });
    else if (message === undefined) appendText(sections.at(-1), line);
    else if (fields !== undefined) message.fields.push(...fields.split(" | "));
    else appendText(message, line);
  }
  return { sections, messages };
}

function appendText(target: Section | Message | undefined, line: string): void {
  if (line === "") return;
  if (target === undefined || !line.startsWith("     ")) throw new Error(`wire.ts: what is this line? ${line}`);
  target.text = `${target.text} ${line.trim()}`.trim();
}

/** One list item for each section. */
export function sectionsAsMarkdown(sections: readonly Section[]): string {
  const titled = ({ title, text }: Section) => `- **${title.charAt(0)}${title.slice(1).toLowerCase()}.** ${text}`;
  return sections.map(titled).join("\n");
}

/** A heading, the fields and the text of each message. */
export function messagesAsMarkdown(messages: readonly Message[]): string {
  return messages.map(messageAsMarkdown).join("\n\n");
}

function messageAsMarkdown({ type, name, from, fields, text }: Message): string {
  const sender = from === "both" ? "both sides" : `the ${from}`;
  const body = fields.length === 0 ? "The body is empty." : tableAsMarkdown([["type", "field"], ...fields.map(toRow)]);
  return [`### ${type}: ${name}, from ${sender}`, body, text].filter((part) => part !== "").join("\n\n");
}

/** A line such as `u16 width` has a type and a meaning. A line such as `for each camera` begins a group. */
function toRow(field: string): [type: string, meaning: string] {
  const [, type, meaning] = /^(u8|u16|u32|u64|i32|varint|string|bytes) (.*)$/.exec(field) ?? [];
  return type === undefined || meaning === undefined ? ["", `_${field}:_`] : [type, meaning];
}
