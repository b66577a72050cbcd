// The route `ws`, where a page opens its WebSocket.

import type { Reception } from "../reception.ts";
import { WEB_SOCKET_PROTOCOL } from "../../../protocol/wire.ts";
import { offersProtocol } from "../websocket.ts";
import type { FrameWatch } from "./frame-watch.ts";
import { itemsOf } from "./header-lists.ts";
import { findSocket } from "./kernel-socket.ts";
import { type Route, textResponse } from "./request.ts";

export function webSocketRoute(reception: Reception, frames: FrameWatch): Route {
  return {
    path: "/ws",
    methods: ["GET"],
    handle({ request, ip, address, role, session, peer, localPort, upgrade }) {
      const isUpgrade = itemsOf(request.headers.get("connection")?.toLowerCase() ?? null).includes("upgrade"); // Bun does not check this (RFC 6455, 4.2.1)
      if (!isUpgrade || request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
        // The subprotocol is for a page of another version, which browsers do not tell why its WebSocket was refused.
        const headers = { upgrade: "websocket", "sec-websocket-protocol": WEB_SOCKET_PROTOCOL };
        return textResponse(426, "this path is for WebSockets", headers);
      }
      if (!offersProtocol(request)) {
        return textResponse(400, `the WebSocket must offer the subprotocol ${WEB_SOCKET_PROTOCOL}`);
      }
      if (reception.shuns(ip, role)) {
        return textResponse(429, "too many new connections came from this address", { connection: "close" });
      }
      const guest = {
        ...{ ip, address, role, session },
        connect: reception.connect.bind(reception),
        kernelSocket: findSocket({ peerIp: peer.ip, peerPort: peer.port, localPort }),
        frames,
        meter: null,
        guest: null,
      };
      const isUpgraded = upgrade(guest, { "sec-websocket-protocol": WEB_SOCKET_PROTOCOL });
      return isUpgraded ? null : textResponse(400, "the headers of the WebSocket are not complete");
    },
  };
}
