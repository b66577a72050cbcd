// The HTTP door: it accepts browsers and other programs that speak HTTP, checks each request, and passes it to its route.

import type { Server as BunServer } from "bun";
import { nowMicros } from "../../../core/clock.ts";
import { codeOf, ConnectionError, messageOf } from "../../../core/errors.ts";
import { addressesOf, formatHostPort } from "../../../core/host-port.ts";
import type { Log } from "../../../core/log.ts";
import type { IdentitySource } from "../../access/identity.ts";
import type { Reception } from "../reception.ts";
import { PausingDoor } from "../pausing-door.ts";
import type { TcpDoor } from "../tcp.ts";
import { CIPHERS } from "../tls.ts";
import { WEB_SOCKET_HANDLER, type WebSocketGuest } from "../websocket.ts";
import { roleIfAny, roleOf } from "./credentials.ts";
import { FrameWatch } from "./frame-watch.ts";
import { Guard, type GuardOptions } from "./guard.ts";
import { answerHeaders, preflight } from "./headers.ts";
import { loginRoutes } from "./login.ts";
import { type ProxyOptions, TrustedProxies } from "./proxies.ts";
import { type Route, textResponse, type WebRequest } from "./request.ts";
import { Router } from "./router.ts";
import { Sessions } from "./sessions.ts";
import { IdleConnections } from "./idle-connections.ts";
import { webSocketRoute } from "./upgrade.ts";

export interface HttpDoorOptions extends Omit<GuardOptions, "certificateNames">, ProxyOptions {
  host: string;
  port: number;
  /** The server's identity for TLS. Null for a door without TLS. */
  identity: IdentitySource | null;
  reception: Reception;
  /** The routes of the features. */
  routes: readonly Route[];
  log: Log;
}

type Serving = BunServer<WebSocketGuest>;

/** A connection without a byte for this time is closed, except for answers that last. It is also the time for the headers. */
const IDLE_SECONDS = 10;
/** The longest body of a request. Only logins have one. */
const MAX_BODY_BYTES = 16 * 1024;
const CHECK_MS = 1_000;

/** Listens at an address. The constructor throws ConnectionError if the address cannot be used. */
export class HttpDoor implements Disposable {
  /** The port on which the door listens. If port 0 was requested, it is the port that the system chose. */
  readonly port: number;
  readonly isSecure: boolean;
  readonly #options: HttpDoorOptions;
  readonly #guard: Guard;
  readonly #proxies: TrustedProxies;
  readonly #router: Router;
  readonly #sessions: Sessions;
  /** All listeners that may have open connections, including those that accept no more. */
  readonly #servers = new Set<Serving>();
  readonly #door: PausingDoor;
  /** The certificate that new connections get. */
  #certificate: string | null = null;
  readonly #checking: ReturnType<typeof setInterval> | null;
  readonly #idle: IdleConnections;
  readonly #frames = new FrameWatch();

  constructor(options: HttpDoorOptions) {
    this.#options = options;
    const { host, names, allowedOrigins, identity, reception, routes, port, log } = options;
    const { gatekeeper } = reception;
    this.isSecure = identity !== null;
    this.#guard = new Guard({
      names: [host, ...names],
      certificateNames: () => identity?.current.hostNames ?? [],
      allowedOrigins,
    });
    this.#proxies = new TrustedProxies(options);
    this.#door = new PausingDoor((at) => this.#listen(at), port, "browsers", log);
    this.port = this.#door.port;
    this.#sessions = new Sessions((role) => gatekeeper.holds(role), this.port);
    this.#router = new Router([
      ...loginRoutes(reception, this.#sessions),
      webSocketRoute(reception, this.#frames),
      ...routes,
    ]);
    this.#checking = identity === null ? null : setInterval(() => this.#checkCertificate(identity), CHECK_MS);
    this.#checking?.unref();
    this.#idle = new IdleConnections({
      port: this.port,
      countViewers: () => reception.connections,
      onEnded: (count) => reception.endedIdle(count),
    });
  }

  /** Stops accepting connections. Open connections stay, so that viewers can be told why they end. */
  close(): void {
    if (this.#checking !== null) clearInterval(this.#checking);
    this.#idle[Symbol.dispose]();
    this.#door[Symbol.dispose]();
  }

  /** Ends all connections. */
  [Symbol.dispose](): void {
    this.close();
    for (const server of this.#servers) void server.stop(true);
    this.#frames[Symbol.dispose]();
  }

  /** Bun keeps the certificate with which a server has begun to listen, so a new certificate needs a new listener. */
  #checkCertificate({ current }: IdentitySource): void {
    if (current.certificate !== this.#certificate) this.#door.renew();
  }

  #listen(port: number): TcpDoor {
    const { host, identity } = this.#options;
    const servers: Serving[] = [];
    for (const hostname of addressesOf(host)) {
      try {
        servers.push(this.#serve(hostname, servers[0]?.port ?? port));
      } catch (cause) {
        // A machine may lack one of the two addresses of localhost.
        if (codeOf(cause) !== "EADDRINUSE" && servers.length > 0) continue;
        for (const server of servers) void server.stop(true);
        throw new ConnectionError(explain(host, port, cause), { cause });
      }
    }
    this.#certificate = identity?.current.certificate ?? null;
    for (const server of servers) this.#servers.add(server);
    const close = () => {
      // The promise resolves when the last connection of this listener has ended.
      for (const server of servers) void server.stop(false).then(() => this.#servers.delete(server));
    };
    return { port: servers[0]?.port ?? port, close };
  }

  #serve(hostname: string, port: number): Serving {
    const { identity, log } = this.#options;
    const tls =
      identity === null
        ? {}
        : { tls: { cert: identity.current.certificate, key: identity.current.key, ciphers: CIPHERS } };
    return Bun.serve<WebSocketGuest>({
      ...tls,
      hostname,
      port,
      development: false,
      idleTimeout: IDLE_SECONDS,
      maxRequestBodySize: MAX_BODY_BYTES,
      websocket: WEB_SOCKET_HANDLER,
      fetch: (request, server) => this.#answer(request, server),
      reusePort: false, // without this, a second server could listen on the same port outside development
      error(error) {
        log.warning(`a request failed: ${error.stack ?? messageOf(error)}`);
        return textResponse(500, "the server failed: its log says why");
      },
    });
  }

  async #answer(request: Request, server: Serving): Promise<Response | undefined> {
    const peer = server.requestIP(request);
    if (peer === null) return textResponse(400, "the connection is closed");
    this.#idle.heard(peer.address, peer.port);
    const { reception } = this.#options;
    const client = this.#proxies.clientOf(request, peer.address, this.isSecure);
    const address = formatHostPort(client.ip, peer.port);
    const refused = (response: Response, why: string) => {
      reception.refusedRequest(client.ip, address, why);
      return answerHeaders(request, response, this.#guard);
    };

    const excess = reception.admitRequest(client.ip, nowMicros());
    if (excess !== null) await endPipeline();
    if (excess !== null) return refused(textResponse(429, excess.text, { "retry-after": "1" }), excess.text);
    const host = request.headers.get("host");
    // The proxy's header alone is not enough: a page of a browser on the proxy's machine can send it, too (DNS rebinding).
    const wrongHost = this.#guard.refusalOfHost(host) ?? (client.host && this.#guard.refusalOfHost(client.host));
    if (wrongHost !== null) return refused(textResponse(403, wrongHost), wrongHost);
    const origin = request.headers.get("origin");
    const wrongOrigin = this.#guard.refusalOfOrigin(origin, client.host ?? host ?? "", client.isSecure);
    if (wrongOrigin !== null) return refused(textResponse(403, wrongOrigin), wrongOrigin);
    if (request.method === "OPTIONS") return preflight(request, this.#guard);

    const answer = await this.#route(request, server, {
      peer: { ip: peer.address, port: peer.port },
      address,
      ...client,
    });
    return answer === null ? undefined : answerHeaders(request, answer, this.#guard);
  }

  async #route(
    request: Request,
    server: Serving,
    from: Pick<WebRequest, "ip" | "address" | "peer" | "isSecure">,
  ): Promise<Response | null> {
    const url = URL.parse(request.url);
    if (url === null) return textResponse(400, "the target of the request is not a path"); // as that of CONNECT
    let found: ReturnType<Router["find"]>;
    try {
      found = this.#router.find(url);
    } catch {
      return textResponse(400, "the path has a wrong percent sign");
    }
    if (found === null) return textResponse(404, "there is no such page: / shows the cameras");
    const { route, camera } = found;
    const methods: readonly string[] = route.methods ?? ["GET", "HEAD"];
    if (!methods.includes(request.method)) {
      return textResponse(405, `${url.pathname} has no method ${request.method}`, { allow: methods.join(", ") });
    }
    const { reception } = this.#options;
    const findRole = route.isPublic ? roleIfAny : roleOf;
    const session = this.#sessions.sessionOf(request, from.isSecure);
    const role = findRole({ ...from, request, session }, reception.gatekeeper);
    if (role instanceof Response) {
      // Each browser asks without a key first.
      if (request.headers.has("authorization")) reception.refusedRequest(from.ip, from.address, "the key is wrong");
      return role;
    }
    const webRequest: WebRequest = {
      ...from,
      localPort: server.port ?? this.port,
      request,
      url,
      role,
      session,
      camera,
      keepOpen: (idleSeconds = 0) => {
        this.#idle.carriesViewer(from.peer.ip, from.peer.port);
        server.timeout(request, idleSeconds);
      },
      upgrade: (guest, headers) => {
        const isUpgraded = server.upgrade(request, { data: guest, headers });
        if (isUpgraded) this.#idle.carriesViewer(from.peer.ip, from.peer.port);
        return isUpgraded;
      },
    };
    return await route.handle(webRequest);
  }
}

/**
 * Waits for the next turn of the event loop. Bun ends a connection whose next request comes before this one is answered
 * (uWebSockets, HttpContext.h, "denying async pipelining"). So thousands of requests in one packet cost no more than two.
 */
function endPipeline(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function explain(host: string, port: number, cause: unknown): string {
  const where = `${formatHostPort(host, port)} for the web page`;
  switch (codeOf(cause)) {
    case "EADDRINUSE":
      return `cannot listen on ${where}: the port is in use: stop the program that listens there, choose another port with --http, or use --no-http`;
    case "EACCES":
      return `no permission to listen on ${where}: choose a port above 1023 with --http`;
    default:
      return `cannot listen on ${where}: ${messageOf(cause)}`;
  }
}
