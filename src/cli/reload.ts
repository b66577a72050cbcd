// Reads the settings of a running server again when SIGHUP comes.

import { isatty } from "node:tty";
import { CodecError, messageOf, MissingError, UsageError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { monotonicMicros } from "../system/monotonic-clock.ts";
import type { ServiceManager } from "../system/service-manager.ts";
import type { OptionChanges } from "../server/server.ts";

export interface ReloadOptions {
  /** Reads the settings again and gives them to the server. Null if the server has no settings file. */
  reload: (() => Promise<OptionChanges>) | null;
  /** Shuts the program down cleanly, as SIGTERM does. */
  stop: () => void;
  log: Log;
  manager: ServiceManager | null;
}

/**
 * Handles SIGHUP. The signal ends the program, as it does by default, if the program has no settings file, or if the terminal of the
 * program was closed.
 */
export function reloadOnHangUp({ reload, stop, log, manager }: ReloadOptions): void {
  const hadTerminal = isatty(2);
  process.on("SIGHUP", () => {
    if (reload === null || (hadTerminal && !isatty(2))) return stop();
    manager?.tell({ RELOADING: "1", MONOTONIC_USEC: String(Math.trunc(monotonicMicros())) });
    void reload()
      .then(
        (changes) => log.info(describeChanges(changes)),
        (error: unknown) => {
          // Before these errors nothing has changed (Server.change). New cameras take memory only with their first frame.
          const hasChangedNothing = [UsageError, MissingError, CodecError].some((kind) => error instanceof kind);
          if (!hasChangedNothing) throw error;
          log.error(`the settings stay as they were: ${messageOf(error)}`);
        },
      )
      .finally(() => manager?.tell({ READY: "1" }));
  });
}

function describeChanges({ cameras: { kept, started, ended }, pending }: OptionChanges): string {
  const list = (word: string, names: readonly string[]) => (names.length === 0 ? [] : [`${word} ${names.join(", ")}`]);
  const parts = [
    ...list("unchanged:", kept),
    ...list("ended:", ended),
    ...list("started:", started),
    ...list("after a restart only:", pending),
  ];
  return `the settings were read again: ${parts.join("; ")}`;
}
