// Finds the folders of this program: the state folder, where server and viewers keep keys and certificates from one start to the next,
// and the cache folder, whose files can be made again.

import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

const NAME = "slipstream";

/** The part of the environment that decides where the folders are. */
export interface StateEnvironment {
  [name: string]: string | undefined;
  /** From systemd, for a service with `StateDirectory=` (systemd.exec(5)). */
  STATE_DIRECTORY?: string | undefined;
  /** From the user (XDG Base Directory Specification). */
  XDG_STATE_HOME?: string | undefined;
  /** From systemd, for a service with `CacheDirectory=`. */
  CACHE_DIRECTORY?: string | undefined;
  XDG_CACHE_HOME?: string | undefined;
  /** From systemd, for each service. Programs of a desktop session have it too. */
  INVOCATION_ID?: string | undefined;
  HOME?: string | undefined;
}

/**
 * Returns the path of the state folder. The folder need not exist yet:
 *
 * 1. the folder that systemd made for the service (`StateDirectory=slipstream`),
 * 2. `$XDG_STATE_HOME/slipstream`,
 * 3. `/var/lib/slipstream` for a service that has no home, and for a user whose home it is: that of the Debian package,
 * 4. `~/.local/state/slipstream`.
 */
export function stateFolder(environment: StateEnvironment = process.env): string {
  const { STATE_DIRECTORY, XDG_STATE_HOME } = environment;
  return folder(environment, STATE_DIRECTORY, XDG_STATE_HOME, { ofServices: "/var/lib", atHome: ".local/state" });
}

/** Returns the path of the cache folder. The folder need not exist yet. It is found like the state folder. */
export function cacheFolder(environment: StateEnvironment = process.env): string {
  const { CACHE_DIRECTORY, XDG_CACHE_HOME } = environment;
  return folder(environment, CACHE_DIRECTORY, XDG_CACHE_HOME, { ofServices: "/var/cache", atHome: ".cache" });
}

function folder(
  { INVOCATION_ID, HOME }: StateEnvironment,
  fromSystemd: string | undefined,
  fromUser: string | undefined,
  { ofServices, atHome }: { ofServices: string; atHome: string },
): string {
  const [ofService] = (fromSystemd ?? "").split(":"); // systemd separates several folders by colons
  if (ofService !== undefined && isAbsolute(ofService)) return ofService;
  // Relative paths are to be ignored (XDG Base Directory Specification, Environment variables).
  if (fromUser !== undefined && isAbsolute(fromUser)) return join(fromUser, NAME);
  if (HOME === join(ofServices, NAME)) return HOME;
  const hasHome = HOME !== undefined && isAbsolute(HOME) && HOME !== "/";
  if (INVOCATION_ID !== undefined && !hasHome) return join(ofServices, NAME);
  return join(hasHome ? HOME : homedir(), atHome, NAME);
}
