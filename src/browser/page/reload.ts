// Loads the page again when its version differs from that of the server, for example after an update of the server.

/** The protocols for which this tab has loaded the page again. */
const STORED = "slipstream-reloaded-for";

/**
 * Loads the page again, once in a tab for each protocol of the server. If a cache returns the old page, the page stays and says
 * what is wrong.
 */
export function reloadFor(protocol: string): void {
  try {
    const earlier = sessionStorage.getItem(STORED)?.split(" ") ?? [];
    if (earlier.includes(protocol)) return;
    sessionStorage.setItem(STORED, [...earlier, protocol].join(" "));
  } catch {
    return; // without storage, nothing would end a loop
  }
  location.reload();
}
