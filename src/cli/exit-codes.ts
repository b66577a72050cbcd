// The exit codes of all programs.

/** The exit codes. 2 is for wrong use, as in shells and getopt. 130 (128 + SIGINT) is for a second Ctrl-C. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** The last lines of `--help`. */
export const EXIT_CODES = `
Exit codes: 0 the program ended as it should (a limit, Ctrl-C, the end of the
input), 1 something stopped it, 2 wrong use.`;
