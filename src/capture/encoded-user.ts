// Reads addresses whose password is not percent-encoded, although it contains `/`, `?` or `#`, which end the host part of a URL.

/**
 * Percent-encodes the user name and password of an address that is not a valid URL. Everything before the last @ counts as user
 * name and password. The scheme is written in lower case, because ffmpeg does not know others. Otherwise valid URLs are unchanged.
 */
export function withEncodedUser(text: string): string {
  const address = text.replace(/^[a-z][a-z\d+.-]*:/i, (scheme) => scheme.toLowerCase());
  if (URL.canParse(address)) return address;
  const [, scheme = "", user = "", password = "", rest = ""] =
    /^([a-z][a-z\d+.-]*:\/\/)([^:@]*):(.*)@(.*)$/is.exec(address) ?? [];
  return rest === "" ? address : `${scheme}${encodeURIComponent(user)}:${encodeURIComponent(password)}@${rest}`;
}
