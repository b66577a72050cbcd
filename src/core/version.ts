// The program's name and version, for users and for the other side of a connection.

import { version } from "../../package.json" with { type: "json" };

export const VERSION: string = version;
export const SOFTWARE = `slipstream ${VERSION}`;
