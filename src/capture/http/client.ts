// Requests of one camera: one connection at a time, with its password, redirects and time-outs.

import { sleep } from "../../core/clock.ts";
import { SourceError } from "../../core/errors.ts";
import { onAbort } from "../../core/on-abort.ts";
import { Authorization } from "./authorization.ts";
import { type CameraAddress, credentialsOf, withoutUser } from "./address.ts";
import { explainConnection, explainStatus, passwordMissing } from "./failures.ts";

/** Cameras answer within a second. One that is starting, or that serves another client first, may take longer. */
const ANSWER_PATIENCE_MS = 10_000;
const MAX_REDIRECTS = 5;
const MAX_ANSWERS = 4;
/** The text of a refusal is read to its end up to this size, so that its connection can be used again. */
const MAX_REFUSAL_BYTES = 64 * 1024;
const REFUSAL_PATIENCE_MS = 2_000;

export interface CameraClientOptions {
  /** The camera's name, for errors. */
  name: string;
  address: CameraAddress;
  /** The certificates that are trusted, as PEM; null: those of the public authorities. */
  certificate: string | null;
}

export class CameraClient implements Disposable {
  readonly #name: string;
  readonly #url: URL;
  /** By origin: a password is sent to the origin alone for which it was given (RFC 9110 11.5, 15.4). */
  readonly #authorizations = new Map<string, Authorization>();
  readonly #session: Bun.FetchSession;

  constructor({ name, address: { url, credentials }, certificate }: CameraClientOptions) {
    this.#name = name;
    this.#url = url;
    if (credentials !== null) this.#authorizations.set(url.origin, new Authorization(credentials));
    this.#session = new Bun.FetchSession({
      keepAlive: { maxIdleSockets: 1 },
      // A certificate that is given is meant, whatever name is in it: a camera's address changes, and its certificate does not.
      ...(certificate === null ? {} : { tls: { ca: certificate, checkServerIdentity: () => undefined } }),
    });
  }

  /** Closes the connection that is kept for the next request. */
  [Symbol.dispose](): void {
    this.#session.close();
  }

  /**
   * Asks for the camera's address and resolves when the head of the answer is there, with status 200 or 304. `signal` also ends its body. Rejects
   * with SourceError when there is no answer in time, or none with pictures. When `signal` aborts, rejects with its reason.
   */
  async get(fields: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    let url = this.#url;
    for (let redirects = 0; ; redirects++) {
      const response = await this.#getAuthorized(url, fields, signal);
      const target = targetOf(response, url);
      if (target === null) {
        if (response.status === 200 || response.status === 304) return response;
        await drain(response, signal);
        throw explainStatus(this.#name, response.status, response.statusText);
      }
      await drain(response, signal);
      if (redirects === MAX_REDIRECTS) {
        throw new SourceError(`cannot read video from ${this.#name}: it redirects more than ${MAX_REDIRECTS} times`, {
          retry: true,
        });
      }
      const credentials = credentialsOf(target);
      url = withoutUser(target);
      if (credentials !== null && !this.#authorizations.has(url.origin)) {
        this.#authorizations.set(url.origin, new Authorization(credentials));
      }
    }
  }

  /** Asks, and answers when the camera asks for a password. */
  async #getAuthorized(url: URL, fields: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    const authorization = this.#authorizations.get(url.origin) ?? null;
    const target = { method: "GET", path: url.pathname + url.search };
    /** Whether the password went out with a nonce that the camera has just given: then only `stale` is a reason to send it again. */
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
      const asked = authorization.take(response.headers.get("WWW-Authenticate") ?? "");
      if (asked === null)
        throw new SourceError(
          `cannot read video from ${this.#name}: it asks for a password in a way that is not known`,
          { retry: true },
        );
      const isWorthwhile =
        answer === null || asked.isStale || (!isFresh && sent !== null && authorization.nonce !== sent);
      if (!isWorthwhile || answers === MAX_ANSWERS) throw explainStatus(this.#name, 401, response.statusText);
      isFresh = true;
    }
  }

  #passwordMissing({ origin }: URL): SourceError {
    if (origin === this.#url.origin || this.#authorizations.size === 0) return passwordMissing(this.#name);
    const text = `${this.#name} redirects to ${origin}, which asks for a password; passwords are not sent to another origin: write that address`;
    return new SourceError(text, { retry: true });
  }

  async #request(url: URL, fields: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    const late = new AbortController();
    const answered = new AbortController();
    const waiting = sleep(ANSWER_PATIENCE_MS, answered.signal).then(() => {
      if (!answered.signal.aborted) late.abort();
    });
    try {
      return await this.#session.fetch(url, {
        headers: { Accept: "*/*", "Accept-Encoding": "identity", "User-Agent": "Slipstream", ...fields },
        redirect: "manual",
        timeout: false, // the reader of the body has limits of its own
        signal: AbortSignal.any([signal, late.signal]),
      });
    } catch (error) {
      signal.throwIfAborted();
      if (late.signal.aborted) {
        const text = `cannot read video from ${this.#name}: it has not answered for ${ANSWER_PATIENCE_MS / 1000} s`;
        throw new SourceError(text, { retry: true, cause: error });
      }
      throw explainConnection(this.#name, error);
    } finally {
      answered.abort();
      await waiting;
    }
  }
}

/** Where an answer redirects to; null when it does not. */
function targetOf({ status, headers }: Response, url: URL): URL | null {
  const location = headers.get("Location");
  if (![301, 302, 303, 307, 308].includes(status) || location === null) return null;
  const target = URL.canParse(location, url.href) ? new URL(location, url) : null;
  return target !== null && /^https?:$/.test(target.protocol) ? target : null;
}

/** Reads an answer that is not used, so that its connection can be used again. A long or slow one is closed. */
async function drain({ body }: Response, signal: AbortSignal): Promise<void> {
  if (body === null) return;
  const reader = body.getReader();
  const close = () => void reader.cancel().catch(() => undefined); // a connection that is lost is closed
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
