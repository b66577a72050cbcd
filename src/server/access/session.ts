// A login at the HTTP door.

import type { Role } from "./role.ts";

/** The login of one browser. Connections that it has opened end with its logout, so each keeps the session that opened it. */
export interface Session {
  readonly role: Role;
}
