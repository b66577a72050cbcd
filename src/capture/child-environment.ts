// The part of the environment that ffmpeg and the other programs of sources get. They have bugs of their own and read what strangers send,
// so keys, passwords and tokens of this process stay out of theirs.

const NAMES = [
  // Any program.
  ...["PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"],
  // v4l2convert.so, for cameras whose pixels ffmpeg cannot read, is used this way.
  "LD_PRELOAD",
  // The source `screen`. Xlib finds its cookie with the last one, or in HOME.
  ...["DISPLAY", "XAUTHORITY"],
  // Cameras and files behind addresses (libavformat/http.c, tls.c; OpenSSL's SSL_CTX_set_default_verify_paths).
  ...["http_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"],
  // macOS.
  ...["DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"],
  // Windows: without the first ones a program does not start, or has no network.
  ...["SystemRoot", "SystemDrive", "windir", "ComSpec", "PATHEXT", "TEMP", "TMP", "USERPROFILE", "LOCALAPPDATA"],
] as const;

/** Returns the environment for a program of a source. Pass it as `env`. */
export function childEnvironment(own: Readonly<NodeJS.ProcessEnv> = process.env): Record<string, string> {
  const given: Record<string, string> = {};
  for (const name of NAMES) {
    const value = own[name];
    if (value !== undefined) given[name] = value;
  }
  return given;
}

/**
 * The beginning of a shell command that runs the rest of it in this environment, for programs that another package starts. The shell
 * puts the values in, so the command contains none.
 */
export function inChildEnvironment(): string {
  return `env -i ${Object.keys(childEnvironment())
    .map((name) => `${name}="$${name}"`)
    .join(" ")}`;
}
