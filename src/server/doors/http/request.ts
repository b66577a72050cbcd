// The interface between the HTTP door and its features: the routes, the requests that have passed the door's checks, and the
// parts of the server that features use.

import type { Log } from "../../../core/log.ts";
import type { CameraEntry } from "../../../protocol/cameras.ts";
import type { Refusal } from "../../access/refusal.ts";
import type { Role } from "../../access/role.ts";
import type { Session } from "../../access/session.ts";
import type { CameraCondition } from "../../deliver/camera-condition.ts";
import type { Size } from "../../../core/pixel-format.ts";
import type { Audience } from "../../deliver/audience.ts";
import type { Reception } from "../reception.ts";
import type { WebSocketGuest } from "../websocket.ts";

/** A request that has passed the door's checks of Host, Origin, limits and key. */
export interface WebRequest {
  readonly request: Request;
  readonly url: URL;
  /** The IP address of the client. If a trusted proxy has passed the request on, it is the address that the proxy tells. */
  readonly ip: string;
  /** The same with the port, as text for people. */
  readonly address: string;
  /** The other end of the TCP connection, which may be a proxy. */
  readonly peer: { readonly ip: string; readonly port: number };
  /** The port of this end of the TCP connection. */
  readonly localPort: number;
  /** The rights that the client's key gives. Without a key they are none, if the server needs one. */
  readonly role: Role;
  /** The login of the browser. Null without a login. */
  readonly session: Session | null;
  /** The camera that the path or the route names. An empty name means the first camera. */
  readonly camera: string;
  /** Whether the client uses TLS, to this door or to a trusted proxy. */
  readonly isSecure: boolean;
  /**
   * Replaces the door's limit of silence for this connection, for an answer that lasts. The connection ends when the client takes no byte
   * for `idleSeconds` (255 at most). Without it there is no limit.
   */
  keepOpen(idleSeconds?: number): void;
  /** Makes the connection a WebSocket. Returns false if the request does not ask for one correctly. */
  upgrade(guest: WebSocketGuest, headers: Record<string, string>): boolean;
}

export type Method = "GET" | "HEAD" | "POST";

/** One path of the door. */
export interface Route {
  /** The path from `/` on, for example `/snapshot`. */
  readonly path: string;
  /** The methods that the route has. Default: GET and HEAD. The door drops the body of answers to HEAD. */
  readonly methods?: readonly Method[];
  /** The route is only for requests with this value of a parameter. */
  readonly query?: { readonly name: string; readonly value: string };
  /** Whether the route exists under `/cameras/NAME` as well. */
  readonly perCamera?: boolean;
  /** Whether the route needs no key. A wrong key is refused there too. */
  readonly isPublic?: boolean;
  /** Returns null if the connection has become a WebSocket, which has no answer. */
  handle(request: WebRequest): Response | null | Promise<Response>;
}

/** The part of a camera that features of the door use. */
export interface WebCamera {
  readonly name: string;
  readonly audience: Audience;
  readonly entry: CameraEntry;
  /** The reason why the camera has ended, or null while it runs. */
  readonly ended: Refusal | null;
  readonly condition: CameraCondition;
  report(): CameraFigures;
}

/** The figures of a camera that features of the door use. */
export interface CameraFigures extends Size {
  /** The captured and the encoded frames a second. */
  readonly fps: number;
  readonly encodedFps: number;
}

/** The parts of the server that features of the door use. */
export interface WebHost {
  readonly reception: Reception;
  /** All cameras in their order. Some roles may see only some of them (access/role.ts). */
  readonly cameras: readonly WebCamera[];
  readonly log: Log;
}

/** Makes an answer that is one line of text. */
export function textResponse(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers } });
}
