// Reads addresses whose password is written as it is, with `/`, `?` or `#`, which end the host of a URL.

/**
 * Returns an address that is no URL with everything in front of its last @ percent-encoded, as user name and password. Returns other addresses
 * unchanged.
 */
export function withEncodedUser(text: string): string {
  if (URL.canParse(text)) return text;
  const [, scheme = "", user = "", password = "", rest = ""] =
    /^([a-z][a-z\d+.-]*:\/\/)([^:@]*):(.*)@(.*)$/is.exec(text) ?? [];
  return rest === "" ? text : `${scheme}${encodeURIComponent(user)}:${encodeURIComponent(password)}@${rest}`;
}
