// What this program calls itself, to users and to peers.

import manifest from "../../package.json" with { type: "json" };

export const VERSION: string = manifest.version;
export const SOFTWARE = `slipstream ${VERSION}`;
