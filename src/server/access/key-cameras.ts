// Warnings about keys that are for some cameras only: the names in them decide who sees which camera.

import type { Log } from "../../core/log.ts";
import type { Role } from "./role.ts";

export interface NamedCamera {
  name: string;
  /** Whether the name was made from the source, because none was given. */
  isAutomatic: boolean;
}

/** Warns of keys for cameras that the server does not have. `roles` are those of the server's own options. */
export function warnOfMissing(roles: readonly Role[], cameras: readonly NamedCamera[], log: Log): void {
  for (const role of roles) {
    for (const name of role.cameras ?? []) {
      if (cameras.some((camera) => camera.name === name)) continue;
      log.warning(`the key '${role.name}' is for a camera '${name}', which this server does not have`);
    }
  }
}

/**
 * Warns of keys for cameras whose name is automatic. Such a name belongs to another camera if the sources change, for example if
 * two cameras of one model are plugged in the other way round.
 */
export function warnOfAutomaticNames(roles: readonly Role[], cameras: readonly NamedCamera[], log: Log): void {
  for (const role of roles) {
    for (const { name, isAutomatic } of cameras) {
      if (!isAutomatic || role.cameras?.has(name) !== true) continue;
      log.warning(
        `the key '${role.name}' is for the camera '${name}', whose name is automatic, so the key may show another camera after a restart: give the camera a name in slipstream.toml ([[cameras]], name = …)`,
      );
    }
  }
}
