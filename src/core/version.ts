// What this program calls itself, to users and to peers.

import { version } from "../../package.json" with { type: "json" };

export const VERSION: string = version;
export const SOFTWARE = `slipstream ${VERSION}`;
