// The log of the programs: the lines that each level prints, and the form of a line on a terminal, in a pipe and with --json.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { parseLogLevels } from "../../src/cli/log.ts";
import type { LogLine } from "../../src/cli/output.ts";
import { UsageError } from "../../src/core/errors.ts";
import type { LogLevel } from "../../src/core/log.ts";
import { runToEnd, startServer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

/** LogTape has one configuration per process, so each log runs in a process of its own. */
async function linesOf(
  variable: string,
  level: LogLevel | "",
  body: string,
): Promise<Pick<LogLine, "level" | "text" | "subjects">[]> {
  const module = new URL("../../src/cli/log.ts", import.meta.url).href;
  const script = `
    import { openLog } from ${JSON.stringify(module)};
    const log = await openLog({
      level: ${JSON.stringify(level)} || undefined,
      variable: ${JSON.stringify(variable)},
      subjects: ["server", "capture", "deliver"],
      write: (line) => console.log(JSON.stringify(line)),
    });
    ${body}`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  const text = await new Response(child.stdout).text();
  expect(await child.exited).toBe(0);
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

const EVERY_LEVEL = `
  for (const subject of ["deliver", "capture"]) {
    const child = log.getChild(subject);
    for (const level of ["debug", "info", "warning", "error"]) if (child.isEnabledFor(level)) child[level](level);
  }`;

describe("openLog", () => {
  test.each<[string, LogLevel | "", string]>([
    ["", "", "deliver info warning error, capture info warning error"],
    ["", "error", "deliver error, capture error"],
    ["debug", "", "deliver debug info warning error, capture debug info warning error"],
    ["debug", "error", "deliver error, capture error"],
    ["deliver:debug,capture=warning", "", "deliver debug info warning error, capture warning error"],
    ["deliver:debug", "error", "deliver debug info warning error, capture error"],
  ])("Log: the levels for SLIPSTREAM_LOG=%s with --log-level %s", async (variable, level, expected) => {
    const lines = await linesOf(variable, level, EVERY_LEVEL);
    const bySubject = Map.groupBy(lines, ({ subjects }) => subjects.join(":"));
    expect(
      [...bySubject].map(([subject, all]) => `${subject} ${all.map((line) => line.text).join(" ")}`).join(", "),
    ).toBe(expected);
  });

  test("Log: one camera can have a log level of its own", async () => {
    const body = `for (const name of ["door", "yard"]) log.getChild("capture").getChild(name).debug(name);`;
    expect((await linesOf("capture:door:debug", "", body)).map(({ subjects }) => subjects)).toEqual([
      ["capture", "door"],
    ]);
  });

  test("Log: an unknown subject in SLIPSTREAM_LOG gets one warning that names the nearest subject", async () => {
    const lines = await linesOf("delivr:debug,capture:door:debug", "", "");
    expect(lines.map(({ level, text }) => [level, text])).toEqual([
      [
        "warning",
        "SLIPSTREAM_LOG: there is no subject 'delivr': the nearest is 'deliver' (subjects: server, capture, deliver)",
      ],
    ]);
  });

  test("Log: a text with braces and its fields arrive unchanged", async () => {
    const lines = await linesOf(
      "",
      "",
      `log.getChild("server").warning("size is { width, {height}}", { frame: 7, isLast: true });`,
    );
    expect(lines).toMatchObject([
      {
        level: "warning",
        subjects: ["server"],
        text: "size is { width, {height}}",
        fields: { frame: 7, isLast: true },
      },
    ]);
  });
});

describe("parseLogLevels: levels for all subjects and for single ones", () => {
  test.each(["verbose", "deliver:", ":debug", "deliver:loud", "a=b=c", "deliver debug"])(
    "SLIPSTREAM_LOG: refuses '%s'",
    (text) => {
      expect(() => parseLogLevels(text)).toThrow(UsageError);
      expect(() => parseLogLevels(text)).toThrow("(levels: debug, info, warning, error)");
    },
  );

  test("SLIPSTREAM_LOG: of two levels for one subject the last one applies, and empty parts are skipped", () => {
    const { forAll, bySubject } = parseLogLevels(" debug, a:info,,a=error ,");
    expect([forAll, [...bySubject]]).toEqual(["debug", [["a", "error"]]]);
  });

  test("SLIPSTREAM_LOG: the program ends with code 2 and one line when the variable is wrong", async () => {
    for (const name of ["serve", "view"] as const) {
      const { code, remarks } = await runToEnd(name, ["--json"], { env: { SLIPSTREAM_LOG: "deliver:loud" } });
      expect([code, remarks.split("\n")[0]]).toEqual([
        2,
        "error: SLIPSTREAM_LOG: 'deliver:loud' is not a level: write LEVEL or SUBJECT:LEVEL, separated by commas, for example deliver:debug (levels: debug, info, warning, error)",
      ]);
    }
  });
});

describe("lines of the server: their form in each output", () => {
  const flags = [
    "--no-config",
    "--source",
    "pattern",
    "--source",
    "pattern",
    "--port",
    "0",
    "--frames",
    "1",
    "--no-http",
  ];

  test("Output: in a pipe each line has an ISO time stamp, its level and its subject", async () => {
    const { code, remarks } = await runToEnd("serve", flags, { env: { SLIPSTREAM_LOG: "" } });
    expect(code).toBe(0);
    const lines = remarks.trimEnd().split("\n");
    for (const line of lines)
      expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (info|warning|error) [a-z]+(:\S+)? \S/);
    expect(lines[0]).toContain(" info server serving pattern, pattern-2 on 127.0.0.1:");
    expect(lines.at(-1)).toContain(" info server ended: 2 frames captured");
  });

  test("Output: with --json a line is bare text", async () => {
    await using server = await startServer(["--source", "pattern"]);
    expect(server.remarks).toMatch(/^serving pattern on 127\.0\.0\.1:\d+\n$/);
  });

  test("Output: on a terminal a line has the time of day, and debug lines have their subject", async () => {
    let text = "";
    const program = new URL("../../src/cli/serve.ts", import.meta.url).pathname;
    const child = Bun.spawn([process.execPath, program, ...flags], {
      terminal: {
        data(_, bytes) {
          text += Buffer.from(bytes).toString();
        },
      },
    });
    expect(await child.exited).toBe(0);
    while (!text.includes("ended: ")) await Bun.sleep(5);
    expect(text).toMatch(/^\d\d:\d\d:\d\d serving pattern, pattern-2 on 127\.0\.0\.1:\d+\r\n/);
    expect(text).toMatch(/\d\d:\d\d:\d\d ended: 2 frames captured/);
  });
});
