// Checks the headers Host and Origin of a request.
//
// A browser sends requests for any page that it shows. A page of another site could make it connect to this server with the
// user's cookie (cross-site WebSocket hijacking), or could let its own host name point to this machine (DNS rebinding).

import { isIP } from "node:net";
import { hostname } from "node:os";

export interface GuardOptions {
  /** Further host names of this server, for example that of a proxy in front of it. A leading `*.` stands for any names below. */
  names: readonly string[];
  /** Returns the host names in the server's certificate, which may change. */
  certificateNames: () => readonly string[];
  /** The origins whose pages may use this server, for example `https://example.org`. */
  allowedOrigins: readonly string[];
}

export class Guard {
  readonly #names: readonly string[];
  readonly #certificateNames: () => readonly string[];
  readonly #origins: ReadonlySet<string>;

  constructor({ names, certificateNames, allowedOrigins }: GuardOptions) {
    const own = hostname().toLowerCase();
    this.#names = ["localhost", "*.localhost", own, `${own.split(".")[0]}.local`, ...names];
    this.#certificateNames = certificateNames;
    this.#origins = new Set(allowedOrigins);
  }

  /** The origins whose pages may use this server. */
  get allowedOrigins(): readonly string[] {
    return [...this.#origins];
  }

  /** Returns the reason why the header Host is refused, or null. An IP address is always right, because no name leads to it. */
  refusalOfHost(host: string | null): string | null {
    if (host === null || host === "") return "the request has no Host header";
    const name = nameOf(host);
    if (name === null) return "the Host header is not a host name";
    const known = [...this.#names, ...this.#certificateNames()];
    if (isIP(name) !== 0 || known.some((each) => matches(each.toLowerCase(), name))) return null;
    return `'${shown(name)}' is not a name of this server: add --http-name ${shown(name)} to its start if it is`;
  }

  /**
   * Returns the reason why the header Origin is refused, or null. Requests without Origin come from programs, or from the
   * browser's user. `host` is the header Host, and `isSecure` says whether the client uses TLS.
   */
  refusalOfOrigin(origin: string | null, host: string, isSecure: boolean): string | null {
    if (origin === null || this.#origins.has(origin)) return null;
    const own = (scheme: string) => `${scheme}://${host.toLowerCase()}`;
    if (origin.toLowerCase() === own(isSecure ? "https" : "http")) return null;
    if (!isSecure && origin.toLowerCase() === own("https")) {
      return "the page came over HTTPS and the request without: if a proxy is between, add --trusted-proxy with its address to the server's start, and let it send X-Forwarded-Proto";
    }
    return `pages of ${shown(origin)} may not use this server: add --allow-origin to its start if they may`;
  }

  /** Whether pages of this origin may read the server's answers. The server's own origin needs no permission. */
  isAllowed(origin: string | null): origin is string {
    return origin !== null && this.#origins.has(origin);
  }
}

/** Returns the host name or the address in a Host header, in lower case and without port and brackets. */
function nameOf(host: string): string | null {
  const match = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d{1,5})?$/i.exec(host);
  const name = match?.[1] ?? match?.[2];
  return name === undefined ? null : name.toLowerCase().replace(/\.$/, "");
}

function matches(known: string, name: string): boolean {
  return known.startsWith("*.") ? name.endsWith(known.slice(1)) : name === known;
}

/** Makes text of a stranger safe to show: printable ASCII, and not too long. */
function shown(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]/g, "?").slice(0, 80);
}
