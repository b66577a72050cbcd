// The program's name and version, as it tells them to users and to the other side of a connection.

import { version } from "../../package.json" with { type: "json" };

export const VERSION: string = version;
export const SOFTWARE = `slipstream ${VERSION}`;
