// One finding of the doctor: a fact about this machine, whether it is good, and the command that fixes it.

/**
 * How well a part of the machine is: `good`, `limited` when something works less well or not at all while `serve` works, and
 * `missing` when `serve` does not work.
 */
export type Condition = "good" | "limited" | "missing";

export interface Finding {
  /** The part of the machine, for example `ffmpeg`. Programs recognise the finding by it. Several cameras have one finding each. */
  part: string;
  condition: Condition;
  /** One sentence without a full stop. */
  text: string;
  /** The command or step that fixes it, or null. */
  mend: string | null;
}

export function good(part: string, text: string): Finding {
  return { part, condition: "good", text, mend: null };
}

export function limited(part: string, text: string, mend: string | null = null): Finding {
  return { part, condition: "limited", text, mend };
}

export function missing(part: string, text: string, mend: string | null = null): Finding {
  return { part, condition: "missing", text, mend };
}

/** Returns a command that this user can run: it begins with sudo for users other than root. */
export function asRoot(command: string): string {
  return process.getuid?.() === 0 ? command : `sudo ${command}`;
}

/** Returns the command that installs a program, or null if this system has no package manager that we know. */
export function installCommand({ debian, homebrew }: { debian: string; homebrew: string | null }): string | null {
  if (Bun.which("apt-get") !== null) return asRoot(`apt-get install ${debian}`);
  if (homebrew !== null && Bun.which("brew") !== null) return `brew install ${homebrew}`;
  return null;
}
