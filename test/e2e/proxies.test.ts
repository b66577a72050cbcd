// The page behind nginx and Caddy, with TLS and at a path of its own. The proxies run the files of docs/proxies.md.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser } from "playwright-core";
import { isInstalled } from "../../scripts/setup/system-packages.ts";
import { canvasPixels, CHROMIUM, HOST_NAME, openPage, startChromium } from "../support/chromium.ts";
import { TEST_TIMEOUT_MS } from "../support/programs.ts";
import { type ProxyProgram, type RunningProxy, startProxy } from "../support/proxies.ts";
import { serveWebCameras, type WebCameras } from "../support/web-cameras.ts";
import { openWebSocket } from "../support/web-socket-transport.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const KEY = "a-key-of-at-least-20-characters";

describe.each(["nginx", "caddy"] as const)("the page behind %s", (program: ProxyProgram) => {
  const isMissing = !isInstalled(program === "nginx" ? "nginx" : "Caddy");
  let open: WebCameras;
  let locked: WebCameras;
  let openProxy: RunningProxy;
  let lockedProxy: RunningProxy;

  beforeAll(async () => {
    if (isMissing) return;
    const http = { port: 0, names: [HOST_NAME], trustedProxies: ["127.0.0.1"] };
    open = await serveWebCameras(["door"], { http });
    const keys = [{ key: KEY, name: "ann", may: ["view"] as const }];
    locked = await serveWebCameras(["door"], { http, keys, keyStore: null });
    openProxy = await startProxy(program, HOST_NAME, open.server.http?.port ?? 0);
    lockedProxy = await startProxy(program, HOST_NAME, locked.server.http?.port ?? 0);
  });
  afterAll(async () => {
    for (const each of [openProxy, lockedProxy, open, locked]) await each?.[Symbol.asyncDispose]();
  });

  /** Requests a path below that of the proxy, as curl does. Returns the status, the headers and the body. */
  async function curl({ port }: RunningProxy, path: string, flags: readonly string[] = []): Promise<string> {
    const url = `https://${HOST_NAME}:${port}${path}`;
    const command = ["curl", "-sSik", "--http1.1", "--resolve", `${HOST_NAME}:${port}:127.0.0.1`, ...flags, url];
    const child = Bun.spawn(command, { stdio: ["ignore", "pipe", "ignore"] });
    return await child.stdout.text();
  }

  test.skipIf(isMissing)("paths are those of the server, without the path of the proxy", async () => {
    expect(await curl(openProxy, "/cams/readyz")).toMatch(/^HTTP\/1\.1 200 [\s\S]*\{"ok":true\}/);
    expect(await curl(openProxy, "/readyz")).not.toMatch(/"ok":true/);
    expect(await curl(openProxy, "/cams")).toMatch(/^HTTP\/1\.1 30\d [\s\S]*\nlocation: \S*\/cams\/\r/i);
    expect(await curl(openProxy, "/cams/")).toMatch(/^HTTP\/1\.1 200 [\s\S]*<html/i);
  });

  test.skipIf(isMissing)("a connection is kept for further requests", async () => {
    const url = `https://${HOST_NAME}:${openProxy.port}/cams/readyz`;
    expect(await curl(openProxy, "/cams/readyz", ["-w", "connects %{num_connects}\n", url])).toContain("connects 0");
  });

  test.skipIf(isMissing)(
    "requests of another site's pages are refused, and those of the server's own page are not",
    async () => {
      const ask = (origin: string) => curl(openProxy, "/cams/readyz", ["-H", `Origin: ${origin}`]);
      expect(await ask("https://evil.example")).toMatch(/^HTTP\/1\.1 403 /);
      expect(await ask(`http://${HOST_NAME}:${openProxy.port}`)).toMatch(/^HTTP\/1\.1 403 /);
      expect(await ask(`https://${HOST_NAME}:${openProxy.port}`)).toMatch(/^HTTP\/1\.1 200 /);
    },
  );

  test.skipIf(isMissing)("/stream has as many pictures as without the proxy", async () => {
    const seconds = ["--max-time", "2", "--no-buffer"];
    const countParts = (text: string) => text.split(/^content-type: image\/jpeg\r$/im).length - 1;
    const url = `http://127.0.0.1:${open.server.http?.port}/stream?every=1`;
    const direct = Bun.spawn(["curl", "-sN", ...seconds, url], { stdio: ["ignore", "pipe", "ignore"] });
    const [alone, behind] = await Promise.all([direct.stdout.text(), curl(openProxy, "/cams/stream?every=1", seconds)]);
    expect(countParts(alone)).toBeGreaterThan(10);
    expect(countParts(behind)).toBeGreaterThan(0.8 * countParts(alone));
  });

  test.skipIf(isMissing)("a login gets a cookie for TLS only, which opens a WebSocket", async () => {
    expect(await curl(lockedProxy, "/cams/metrics")).toMatch(/^HTTP\/1\.1 401 /);
    const answer = await curl(lockedProxy, "/cams/login", ["--data-urlencode", `key=${KEY}`]);
    const [, cookie = "", attributes = ""] = /^set-cookie: ([^;]+)(.*)\r$/im.exec(answer) ?? [];
    expect(cookie).toMatch(/^__Host-slipstream-/);
    expect(attributes).toContain("; Secure");
    expect(await curl(lockedProxy, "/cams/metrics", ["-H", `Cookie: ${cookie}`])).toMatch(/^HTTP\/1\.1 200 /);
    const own = `https://${HOST_NAME}:${lockedProxy.port}`;
    const open = (headers: Record<string, string>) => {
      const url = `wss://127.0.0.1:${lockedProxy.port}/cams/ws`;
      const all = { host: `${HOST_NAME}:${lockedProxy.port}`, origin: own, ...headers };
      return openWebSocket(url, () => ({ receive: () => 0, drained: () => 0, closed: () => 0 }), all);
    };
    await expect(open({})).rejects.toThrow();
    const { socket } = await open({ cookie });
    socket.close();
  });

  describe.skipIf(isMissing || CHROMIUM === null)("in Chromium", () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await startChromium();
    });
    afterAll(async () => browser?.close());

    test("the page shows pictures", async () => {
      await using opened = await openPage(browser, { ignoreHTTPSErrors: true });
      const { page, errors } = opened;
      await page.goto(`https://${HOST_NAME}:${openProxy.port}/cams/`);
      await page.waitForSelector("[data-shown]");
      expect(await page.evaluate("isSecureContext")).toBe(true);
      expect(await canvasPixels(page)).toMatchObject({ width: 320, height: 180 });
      expect(errors).toEqual([]);
      expect(open.server.report().viewers).toBe(1);
    });

    test("the page asks for the key once, and its cookie opens the WebSocket and the other addresses", async () => {
      await using opened = await openPage(browser, { ignoreHTTPSErrors: true });
      const { page } = opened;
      await page.goto(`https://${HOST_NAME}:${lockedProxy.port}/cams/`);
      await page.fill("#login-key", KEY);
      await page.click("#login-form button");
      await page.waitForSelector("[data-shown]");
      expect(await canvasPixels(page)).toMatchObject({ width: 320, height: 180 });
      const status = `fetch("snapshot").then(({ status }) => status)`;
      expect(await page.evaluate(status)).toBe(200);
      await page.reload();
      await page.waitForSelector("[data-shown]");
      expect(await page.isVisible("#login")).toBe(false);
      await page.context().clearCookies();
      expect(await page.evaluate(status)).toBe(401);
    });
  });
});
