// The environment variables that ffmpeg and other child programs of sources get. These programs may have bugs and read data from
// strangers, so they must not get keys, passwords and tokens from the environment of this process.

const NAMES = [
  // for any program
  ...["PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"],
  // for v4l2convert.so, which converts the pixels of cameras that ffmpeg cannot read
  "LD_PRELOAD",
  // for the source `screen` (Xlib finds its cookie with XAUTHORITY or in HOME)
  ...["DISPLAY", "XAUTHORITY"],
  // for cameras and files at addresses (libavformat/http.c, tls.c; OpenSSL's SSL_CTX_set_default_verify_paths)
  ...["http_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"],
  // for macOS
  ...["DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"],
  // for Windows, where without the first ones a program does not start or has no network
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
 * Returns the beginning of a shell command that runs the rest of the command in this environment. It is for programs that another
 * package starts. The shell inserts the values, so the command itself contains no values.
 */
export function inChildEnvironment(): string {
  return `env -i ${Object.keys(childEnvironment())
    .map((name) => `${name}="$${name}"`)
    .join(" ")}`;
}
