// Sources that are addresses, as `rtsp://camera/live`: what is one, and how it is called.

/** Whether this is a URL rather than a path. */
export function isAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(text);
}

/** As it may be shown and logged. */
export function withoutPassword(url: string): string {
  return url.replace(/\/\/[^/?#]*@/, "//");
}
