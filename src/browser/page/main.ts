// The page: it shows all cameras of the server live.

import { find } from "./elements.ts";
import { canDecode, showStream } from "./fallback.ts";
import { Grid } from "./grid.ts";
import { listenForKeys } from "./keys.ts";
import { createLogin } from "./login.ts";
import { cameraOfAddress } from "./page-address.ts";
import { reloadFor } from "./reload.ts";
import { tell } from "./status.ts";
import { Workers } from "./workers.ts";

const cameras = find(document, "#cameras", HTMLElement);

function fallBack(reason: string): void {
  tell(reason);
  showStream(cameras, cameraOfAddress());
}

if (canDecode()) {
  const workers = new Workers({
    unable(reason) {
      workers.close();
      fallBack(
        `This browser cannot decode the pictures itself (${reason}), so the page shows a stream of whole pictures`,
      );
    },
    needsKey: () => askForKey(),
    otherVersion: reloadFor,
  });
  const askForKey = createLogin(() => workers.loggedIn());
  listenForKeys(new Grid(cameras, workers));
} else {
  fallBack("This browser cannot decode the pictures itself, so the page shows a stream of whole pictures");
}
