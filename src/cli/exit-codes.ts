// The exit codes of all programs.

/** The exit codes. Shells and getopt use 2 for wrong use. 130 is 128 + SIGINT, for a second Ctrl-C. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** The last lines of `--help`. */
export const EXIT_CODES = `
Exit codes: 0 the program ended as it should (a limit, Ctrl-C, the end of the input), 1 something stopped it, 2 wrong use.`;
