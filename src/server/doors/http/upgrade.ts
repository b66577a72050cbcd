// The route `ws`, where a page opens its WebSocket.

import type { Reception } from "../reception.ts";
import { WEB_SOCKET_PROTOCOL } from "../../../protocol/wire.ts";
import { offersProtocol } from "../websocket.ts";
import { itemsOf } from "./header-lists.ts";
import { type Route, textResponse } from "./request.ts";

export function webSocketRoute(reception: Reception): Route {
  return {
    path: "/ws",
    methods: ["GET"],
    handle({ request, ip, address, role, upgrade }) {
      const { headers } = request;
      const isUpgrade = itemsOf(headers.get("connection")?.toLowerCase() ?? null).includes("upgrade"); // Bun does not check this (RFC 6455, 4.2.1)
      if (!isUpgrade || headers.get("upgrade")?.toLowerCase() !== "websocket") {
        return textResponse(426, "this path is for WebSockets", { upgrade: "websocket" });
      }
      if (!offersProtocol(request)) {
        return textResponse(400, `the WebSocket must offer the subprotocol ${WEB_SOCKET_PROTOCOL}`);
      }
      const guest = { ip, address, role, connect: reception.connect.bind(reception), guest: null };
      const isUpgraded = upgrade(guest, { "sec-websocket-protocol": WEB_SOCKET_PROTOCOL });
      return isUpgraded ? null : textResponse(400, "the headers of the WebSocket are not complete");
    },
  };
}
