// Finds the state folder. Server and viewers keep keys and certificates there from one start to the next.

import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

const NAME = "slipstream";

/** The part of the environment that decides where the folder is. */
export interface StateEnvironment {
  [name: string]: string | undefined;
  /** From systemd, for a service with `StateDirectory=` (systemd.exec(5)). */
  STATE_DIRECTORY?: string | undefined;
  /** From the user (XDG Base Directory Specification). */
  XDG_STATE_HOME?: string | undefined;
  /** From systemd, for each service. Programs of a desktop session have it too. */
  INVOCATION_ID?: string | undefined;
  HOME?: string | undefined;
}

/**
 * Returns the path of the state folder, which may not exist yet:
 *
 * 1. the folder that systemd made for the service (`StateDirectory=slipstream`),
 * 2. `$XDG_STATE_HOME/slipstream`,
 * 3. `/var/lib/slipstream` for a service that has no home,
 * 4. `~/.local/state/slipstream`.
 */
export function stateFolder(environment: StateEnvironment = process.env): string {
  const { STATE_DIRECTORY, XDG_STATE_HOME, INVOCATION_ID, HOME } = environment;
  const [ofService] = (STATE_DIRECTORY ?? "").split(":"); // systemd separates several folders by colons
  if (ofService !== undefined && isAbsolute(ofService)) return ofService;
  // Relative paths are to be ignored (XDG Base Directory Specification, Environment variables).
  if (XDG_STATE_HOME !== undefined && isAbsolute(XDG_STATE_HOME)) return join(XDG_STATE_HOME, NAME);
  const hasHome = HOME !== undefined && isAbsolute(HOME) && HOME !== "/";
  if (INVOCATION_ID !== undefined && !hasHome) return join("/var/lib", NAME);
  return join(hasHome ? HOME : homedir(), ".local/state", NAME);
}
