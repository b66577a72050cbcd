// Reads addresses whose password is not percent-encoded, although it contains `/`, `?` or `#`, which end the host part of a URL.

/**
 * Percent-encodes the user name and password of an address that is not a valid URL. Everything before the last @ counts as user
 * name and password. Valid URLs are returned unchanged.
 */
export function withEncodedUser(text: string): string {
  if (URL.canParse(text)) return text;
  const [, scheme = "", user = "", password = "", rest = ""] =
    /^([a-z][a-z\d+.-]*:\/\/)([^:@]*):(.*)@(.*)$/is.exec(text) ?? [];
  return rest === "" ? text : `${scheme}${encodeURIComponent(user)}:${encodeURIComponent(password)}@${rest}`;
}
