// The option parsers of the command lines, and how runMain ends a real process for errors and signals.

import { describe, expect, test } from "bun:test";
import { Command, InvalidArgumentError } from "commander";
import fc from "fast-check";
import { SourceError, UsageError } from "../../src/core/errors.ts";
import { number, parsed, wholeNumber } from "../../src/cli/flags.ts";
import { parseSize } from "../../src/core/pixel-format.ts";

describe("wholeNumber: accepts whole numbers in its range", () => {
  const port = wholeNumber(0, 65535);

  test("wholeNumber: reads every number of its range", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65535 }), (value) => {
        expect(port(String(value))).toBe(value);
      }),
    );
  });

  test.each([
    "",
    " ",
    "-1",
    "65536",
    "1.5",
    "1e3",
    "0x10",
    "80a",
    " 80",
    "NaN",
    "Infinity",
    "+5",
    "99999999999999999999",
  ])("wholeNumber: refuses '%s' and names the range", (text) => {
    expect(() => port(text)).toThrow(InvalidArgumentError);
    expect(() => port(text)).toThrow("It must be a whole number from 0 to 65535.");
  });
});

describe("number: accepts numbers in its range", () => {
  const seconds = number(0.001, 1000);

  test("number: reads fractions within its range", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1000, noNaN: true }), (value) => {
        expect(seconds(String(value))).toBe(value);
      }),
    );
  });

  test.each(["", "  ", "0", "0.0009", "1000.1", "-1", "five", "NaN", "Infinity", "1,5"])(
    "number: refuses '%s' and names the range",
    (text) => {
      expect(() => seconds(text)).toThrow(InvalidArgumentError);
      expect(() => seconds(text)).toThrow("It must be a number from 0.001 to 1000.");
    },
  );
});

describe("parsed: reports a UsageError as an error of its flag", () => {
  test("parsed: returns the value that the parser returns", () => {
    expect(parsed(parseSize)("4x3")).toEqual({ width: 4, height: 3 });
  });

  test("parsed: a UsageError becomes an error of the option", () => {
    const said: string[] = [];
    const command = new Command("program")
      .option("--size <WxH>", "size", parsed(parseSize))
      .exitOverride()
      .configureOutput({ writeErr: (text) => said.push(text) });
    expect(() => command.parse(["--size", "big"], { from: "user" })).toThrow();
    expect(said.join("")).toContain("--size");
    expect(said.join("")).toContain("'big' is not a size");
  });

  test("parsed: throws any other error as it is", () => {
    const fail = (error: Error) =>
      parsed(() => {
        throw error;
      });
    const defect = new TypeError("a defect");
    const trouble = new SourceError("a camera", { retry: "soon" });
    expect(() => fail(defect)("x")).toThrow(defect);
    expect(() => fail(trouble)("x")).toThrow(trouble);
    expect(() => fail(new UsageError("wrong"))("x")).toThrow(new InvalidArgumentError("wrong."));
  });
});

describe("runMain: the exit code depends on the class of the error", () => {
  const module = new URL("../../src/cli/program.ts", import.meta.url).href;
  const output = new URL("../../src/cli/output.ts", import.meta.url).href;
  const errors = new URL("../../src/core/errors.ts", import.meta.url).href;

  function start(body: string) {
    const script = `
      import { runMain } from ${JSON.stringify(module)};
      import * as errors from ${JSON.stringify(errors)};
      await runMain(async (signal) => { ${body} });`;
    return Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "pipe", stdin: "ignore" });
  }

  test.each([
    { body: "signal.throwIfAborted();", code: 0, said: "" },
    { body: "throw new errors.UsageError('wrong use');", code: 2, said: "error: wrong use" },
    { body: "throw new errors.MissingError('no camera');", code: 1, said: "error: no camera" },
  ])("runMain: exits with code $code for the main function { $body }", async ({ body, code, said }) => {
    const program = start(body);
    expect((await new Response(program.stderr).text()).trim()).toBe(said);
    expect(await program.exited).toBe(code);
  });

  test("runMain: shows the stack of a defect and exits with 1", async () => {
    const program = start("throw new TypeError('a defect');");
    const text = await new Response(program.stderr).text();
    expect(text).toContain("TypeError: a defect");
    expect(text).toMatch(/\n\s+at /);
    expect(await program.exited).toBe(1);
  });

  test("runMain: on a terminal only the first word of an error is red, and no word with NO_COLOR", async () => {
    const onTerminal = async (env: Record<string, string>) => {
      const script = `
        import { runMain } from ${JSON.stringify(module)};
        import { Output } from ${JSON.stringify(output)};
        import { UsageError } from ${JSON.stringify(errors)};
        await runMain(async () => { new Output({ subject: "x", json: true, onReaderGone() {} }).log({ at: new Date(), level: "info", subjects: ["x"], text: "a remark", fields: {} }); throw new UsageError("wrong use"); });`;
      let said = "";
      const { NO_COLOR: _, ...inherited } = process.env;
      const program = Bun.spawn([process.execPath, "-e", script], {
        env: { ...inherited, ...env },
        terminal: {
          data(_, bytes) {
            said += Buffer.from(bytes).toString();
          },
        },
      });
      await program.exited;
      while (!said.includes("wrong use\r\n")) await Bun.sleep(5);
      return said;
    };
    expect(await onTerminal({})).toBe("a remark\r\n\x1b[31merror:\x1b[0m wrong use\r\n");
    expect(await onTerminal({ NO_COLOR: "1" })).toBe("a remark\r\nerror: wrong use\r\n");
  });

  test("runMain: a signal aborts the program's AbortSignal, and the program ends itself", async () => {
    const program = start(
      "console.log('up'); await new Promise((r) => { signal.addEventListener('abort', r); setTimeout(r, 1e4); }); console.log('down');",
    );
    const reader = program.stdout.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader.read()).value).toBe("up\n");
    program.kill("SIGTERM");
    expect((await reader.read()).value).toBe("down\n");
    expect(await program.exited).toBe(0);
  });
});
