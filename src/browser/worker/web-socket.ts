// Opens a connection to the server over a WebSocket, whose binary messages carry the stream of bytes of the wire.

import { Connection } from "../../connect/connection.ts";
import { type Access, NO_KEY } from "../../connect/server-access.ts";
import type { Connect } from "../../client/subscription.ts";
import { ConnectionError, ProtocolError } from "../../core/errors.ts";
import { onAbort } from "../../core/on-abort.ts";
import { BY_SCRIPT } from "../messages.ts";
import { GONE, type Transport } from "../../protocol/transport.ts";
import { WEB_SOCKET_PROTOCOL } from "../../protocol/wire.ts";
import { askEarly, createQuestion } from "./early-frame.ts";
import { scope } from "./scope.ts";

const CONNECT_TIMEOUT_MS = 5_000;

export interface PageServer {
  /** The address of the page's folder. */
  base: string;
  /** Asks the user for a key. The promise resolves when the server has accepted one. */
  logIn(): Promise<void>;
  /** Reports that the server speaks another version of the protocol than this page. */
  otherVersion(protocol: string): void;
}

/** Returns the access of the page. The page sends a cookie instead of a key. So a refusal means that the cookie has expired. */
export function createAccess({ logIn }: Pick<PageServer, "logIn">): Access {
  return {
    attempt: () => Promise.resolve(NO_KEY),
    connectionOptions: () => ({
      key: null,
      scheme: null,
      knownServers: null,
      authorities: undefined,
      say: () => undefined,
    }),
    welcomed: () => undefined,
    refused: () => logIn(),
  };
}

/** Returns the function that opens connections to the server of this page. */
export function createConnect({ base, logIn, otherVersion }: PageServer): Connect {
  const url = new URL("ws", base);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const open = () => {
    const socket = new WebSocket(url, WEB_SOCKET_PROTOCOL);
    socket.binaryType = "arraybuffer";
    return socket;
  };
  const askForFrame = createQuestion(scope.requestAnimationFrame?.bind(scope));
  // The first socket opens while the kernel is loaded. The server sends nothing before a Hello.
  let prepared: WebSocket | null = open();
  return async (address, events, { signal, ...options }) => {
    for (;;) {
      const isUsable = prepared !== null && prepared.readyState <= WebSocket.OPEN;
      const socket = prepared !== null && isUsable ? prepared : open();
      prepared = null;
      if (await opens(socket, signal)) {
        const connection = new Connection(createTransport(socket), address, askEarly(events, askForFrame), options);
        socket.onmessage = ({ data }) => connection.receive(new Uint8Array(data as ArrayBuffer));
        socket.onclose = () => connection.closed("the server closed the connection");
        return connection;
      }
      if (signal.aborted) throw new ConnectionError("the page was closed");
      const refusal = await refusalOf(base, signal);
      if (typeof refusal === "object") {
        otherVersion(refusal.protocol);
        throw new ProtocolError("the server and this page have different versions"); // trying again cannot help
      }
      if (refusal !== "needs a key") throw new ConnectionError(refusal);
      await logIn();
    }
  };
}

/** Resolves with whether the socket is open. A page is not told why a socket does not open. */
async function opens(socket: WebSocket, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const giveUp = () => {
    resolve(false);
    socket.close();
  };
  using _ = onAbort(signal, giveUp);
  const timer = setTimeout(giveUp, CONNECT_TIMEOUT_MS);
  if (socket.readyState === WebSocket.OPEN) resolve(true);
  socket.onopen = () => resolve(true);
  socket.onclose = () => resolve(false);
  const isOpen = await promise;
  clearTimeout(timer);
  return isOpen;
}

/**
 * Asks by HTTP why the WebSocket was refused, because browsers hide its status from pages. Returns the server's protocol if it
 * differs from that of this page.
 */
async function refusalOf(base: string, signal: AbortSignal): Promise<string | { protocol: string }> {
  let response: Response;
  try {
    response = await fetch(new URL("ws", base), { signal, cache: "no-store", headers: BY_SCRIPT });
  } catch {
    return "the server cannot be reached";
  }
  if (response.status === 401) return "needs a key";
  // The server answers this request with 426 because it does not ask for a WebSocket. But the server has not opened the WebSocket
  // before either: it speaks another version of the protocol, or the earlier request has not reached it.
  if (response.status === 426) {
    const protocol = response.headers.get("sec-websocket-protocol");
    if (protocol !== null && protocol !== WEB_SOCKET_PROTOCOL) return { protocol };
    return "no WebSocket reaches the server: a proxy must pass it on";
  }
  const [line = ""] = (await response.text()).split("\n");
  return line === "" || line.startsWith("<") ? `the server answers with status ${response.status}` : line.slice(0, 200);
}

function createTransport(socket: WebSocket): Transport {
  return {
    write(bytes) {
      if (socket.readyState !== WebSocket.OPEN) return GONE;
      socket.send(new Uint8Array(bytes)); // copied, because the memory may be shared or reused
      return bytes.length;
    },
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    end: () => socket.close(),
    abort: () => socket.close(),
  };
}
