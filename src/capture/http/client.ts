// Sends the requests to one camera over one connection at a time. It handles passwords, redirects and time-outs.

import { isUtf8 } from "node:buffer";
import { sleep } from "../../core/clock.ts";
import { codeOf, SourceError } from "../../core/errors.ts";
import { onAbort } from "../../core/on-abort.ts";
import { Authorization } from "./authorization.ts";
import { type CameraAddress, credentialsOf, withoutUser } from "./address.ts";
import { explainConnection } from "./failures.ts";
import { fetchLeniently, type LenientRequest } from "./lenient-fetch.ts";
import { explainStatus, passwordMissing } from "../refusals.ts";

/**
 * The time limit for an answer. Cameras usually answer within a second, but a camera that is starting or serves another client
 * may need longer.
 */
const ANSWER_PATIENCE_MS = 10_000;
/** The errors of `fetch` for heads of answers that other programs accept. */
const UNREADABLE_HEADS: ReadonlySet<string> = new Set(["Malformed_HTTP_Response", "InvalidContentLength"]);
const MAX_REDIRECTS = 5;
const MAX_ANSWERS = 4;
/** The longest body of a refusal that is read to its end. The connection can be reused only after that. */
const MAX_REFUSAL_BYTES = 64 * 1024;
const REFUSAL_PATIENCE_MS = 2_000;

export interface CameraClientOptions {
  /** The camera's name for error messages. */
  name: string;
  address: CameraAddress;
  /** The trusted certificates as PEM. Null means the certificates of the public authorities. */
  certificate: string | null;
}

export class CameraClient implements Disposable {
  readonly #name: string;
  readonly #url: URL;
  /** The authentication by origin. A password is sent only to the origin for which it was given (RFC 9110 11.5, 15.4). */
  readonly #authorizations = new Map<string, Authorization>();
  readonly #session: Bun.FetchSession;
  readonly #certificate: string | null;
  /** True if the answers of this camera violate HTTP, so that lenient-fetch.ts has to read them. */
  #isLenient = false;

  constructor({ name, address: { url, credentials }, certificate }: CameraClientOptions) {
    this.#name = name;
    this.#url = url;
    this.#certificate = certificate;
    if (credentials !== null) this.#authorizations.set(url.origin, new Authorization(credentials));
    this.#session = new Bun.FetchSession({
      keepAlive: { maxIdleSockets: 1 },
      // The host name in a given certificate is not checked, because a camera's address may change while its certificate stays
      // the same.
      ...(certificate === null ? {} : { tls: { ca: certificate, checkServerIdentity: () => undefined } }),
    });
  }

  /** Closes the connection that was kept for the next request. */
  [Symbol.dispose](): void {
    this.#session.close();
  }

  /** Makes the client ignore the declared length and compression of the next answers. Returns false if it ignored them before. */
  beLenient(): boolean {
    if (this.#isLenient) return false;
    this.#isLenient = true;
    return true;
  }

  /**
   * Requests the camera's address. Resolves when the header fields of an answer with status 2xx or 304 have come. `signal` also
   * ends the body. Rejects with SourceError when no answer comes in time, or when the answer has another status. When `signal`
   * aborts, rejects with its reason.
   */
  async get(fields: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    let url = this.#url;
    let cookies: string[] = [];
    for (let redirects = 0; ; redirects++) {
      const withCookies = cookies.length === 0 ? fields : { ...fields, Cookie: cookies.join("; ") };
      const response = await this.#getAuthorized(url, withCookies, signal);
      const target = targetOf(response, url);
      if (target === null) {
        if (response.ok || response.status === 304) return response;
        await drain(response, signal);
        const { status, statusText, headers } = response;
        throw explainStatus(this.#name, status, statusText, headers.get("Retry-After"));
      }
      await drain(response, signal);
      if (redirects === MAX_REDIRECTS) {
        throw new SourceError(`cannot read video from ${this.#name}: it redirects more than ${MAX_REDIRECTS} times`, {
          retry: "growing",
        });
      }
      const credentials = credentialsOf(target);
      // A camera or a proxy may redirect to the same address until it gets its cookie back (RFC 6265).
      cookies = target.origin === url.origin ? [...cookies, ...cookiesOf(response)] : [];
      url = withoutUser(target);
      if (credentials !== null && !this.#authorizations.has(url.origin)) {
        this.#authorizations.set(url.origin, new Authorization(credentials));
      }
    }
  }

  /** Sends a request, and sends it again with the password when the camera asks for one. */
  async #getAuthorized(url: URL, fields: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    const authorization = this.#authorizations.get(url.origin) ?? null;
    const target = { method: "GET", path: url.pathname + url.search };
    /**
     * Whether the password was sent with a new nonce (number used once). If so, it is sent again only when the camera says that
     * the nonce is too old (`stale`).
     */
    let isFresh = false;
    for (let answers = 0; ; answers++) {
      const answer = authorization?.answer(target) ?? null;
      const sent = authorization?.nonce ?? null;
      const response = await this.#request(
        url,
        answer === null ? fields : { ...fields, Authorization: answer },
        signal,
      );
      if (response.status !== 401) return response;
      await drain(response, signal);
      if (authorization === null) throw this.#passwordMissing(url);
      const asked = authorization.take(textOfField(response.headers.get("WWW-Authenticate")));
      if (asked === null)
        throw new SourceError(
          `cannot read video from ${this.#name}: it uses an authentication scheme that is not supported`,
          { retry: "minutes" },
        );
      const isWorthwhile =
        answer === null || asked.isStale || (!isFresh && sent !== null && authorization.nonce !== sent);
      if (!isWorthwhile || answers === MAX_ANSWERS) throw explainStatus(this.#name, 401, response.statusText);
      isFresh = true;
    }
  }

  #passwordMissing({ origin }: URL): SourceError {
    if (origin === this.#url.origin || this.#authorizations.size === 0) return passwordMissing(this.#name);
    const text = `${this.#name} redirects to ${origin}, which asks for a password: write that address, because a password is sent only to the address for which it was given`;
    return new SourceError(text, { retry: "minutes" });
  }

  #fetch(url: URL, { fields, signal }: LenientRequest): Promise<Response> {
    return this.#session.fetch(url, {
      headers: fields,
      redirect: "manual",
      timeout: false, // the reader of the body has its own time limits
      signal,
    });
  }

  async #request(url: URL, fields: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    const late = new AbortController();
    const answered = new AbortController();
    const waiting = sleep(ANSWER_PATIENCE_MS, answered.signal).then(() => {
      if (!answered.signal.aborted) late.abort();
    });
    const request = {
      fields: { Accept: "*/*", "Accept-Encoding": "identity", "User-Agent": "Slipstream", ...fields },
      certificate: this.#certificate,
      signal: AbortSignal.any([signal, late.signal]),
    };
    try {
      if (this.#isLenient) return await fetchLeniently(url, request);
      return await this.#fetch(url, request).catch((error: unknown) => {
        if (!UNREADABLE_HEADS.has(codeOf(error) ?? "")) throw error;
        this.#isLenient = true;
        return fetchLeniently(url, request);
      });
    } catch (error) {
      signal.throwIfAborted();
      if (late.signal.aborted) {
        const text = `cannot read video from ${this.#name}: it has not answered for ${ANSWER_PATIENCE_MS / 1000} s`;
        throw new SourceError(text, { retry: "soon", cause: error });
      }
      throw explainConnection(this.#name, error);
    } finally {
      answered.abort();
      await waiting;
    }
  }
}

/** Returns the cookies that an answer sets, as `name=value`. */
function cookiesOf({ headers }: Response): string[] {
  return headers.getSetCookie().map((cookie) => cookie.split(";", 1)[0] as string);
}

/**
 * Returns a field as UTF-8 if it is valid UTF-8. `fetch` reads header fields as Latin-1, but cameras write the realm in UTF-8.
 */
function textOfField(field: string | null): string {
  const bytes = Buffer.from(field ?? "", "latin1");
  return isUtf8(bytes) ? bytes.toString("utf8") : bytes.toString("latin1");
}

/** Returns the address to which an answer redirects, or null. */
function targetOf({ status, headers }: Response, url: URL): URL | null {
  const location = headers.get("Location");
  if (![300, 301, 302, 303, 307, 308].includes(status) || location === null) return null;
  const target = URL.canParse(location, url.href) ? new URL(location, url) : null;
  return target !== null && /^https?:$/.test(target.protocol) ? target : null;
}

/** Reads an unused answer to its end, so that its connection can be reused. The connection of a long or slow answer is closed. */
async function drain({ body }: Response, signal: AbortSignal): Promise<void> {
  if (body === null) return;
  const reader = body.getReader();
  const close = () => void reader.cancel().catch(() => undefined); // A lost connection is already closed.
  using _ = onAbort(AbortSignal.any([signal, AbortSignal.timeout(REFUSAL_PATIENCE_MS)]), close);
  let bytes = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      bytes += next.value.length;
      if (bytes > MAX_REFUSAL_BYTES) return close();
    }
  } catch {
    close();
  }
}
