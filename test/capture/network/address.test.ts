// parseNetworkAddress: which addresses are read directly, and which are left to ffmpeg.

import { describe, expect, test } from "bun:test";
import { parseNetworkAddress } from "../../../src/capture/network/address.ts";

describe("parseNetworkAddress: TCP and UDP", () => {
  test.each([
    ["tcp://camera:5000", { protocol: "tcp", host: "camera", port: 5000 }],
    ["TCP://10.0.0.7:80/", { protocol: "tcp", host: "10.0.0.7", port: 80 }],
    ["tcp://[fe80::1%eth0]:5000", { protocol: "tcp", host: "fe80::1%eth0", port: 5000 }],
    ["udp://127.0.0.1:5000?pkt_size=1316", { protocol: "udp", host: "127.0.0.1", port: 5000 }],
    ["udp://@239.0.0.1:5000?fifo_size=9&overrun_nonfatal=1", { protocol: "udp", host: "239.0.0.1", port: 5000 }],
    ["udp://@:5000", { protocol: "udp", host: "", port: 5000 }],
  ] as const)("%s is read directly", (url, address) => {
    expect(parseNetworkAddress(url)).toEqual(address);
  });

  test.each([
    "tcp://camera:5000?listen",
    "udp://10.0.0.7:5000?localaddr=10.0.0.1",
    "tcp://:5000",
    "tcp://camera",
    "tcp://camera:70000",
    "rtsp://camera:554/",
    "http://camera:80/",
  ])("%s is left to ffmpeg and other readers", (url) => {
    expect(parseNetworkAddress(url)).toBe(null);
  });
});
