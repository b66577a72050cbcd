// Programs that people use as cameras, read over HTTP.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isInstalled } from "../../../scripts/setup/system-packages.ts";
import { openSource } from "../../../src/capture/open.ts";
import { supervise } from "../../../src/capture/supervise/supervise.ts";
import { cameraAt, CameraRun } from "../../support/http-camera-run.ts";
import { djpeg, ffmpeg, run } from "../../support/jpeg-tools.ts";
import { PICTURES } from "../../support/multipart-streams.ts";
import { CLIP, TEST_TIMEOUT_MS } from "../../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

let folder = "";
const at = (name: string) => join(folder, name);
const python = Bun.which("python3");

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  for (const [index, jpeg] of PICTURES.entries()) writeFileSync(at(`${index}.jpg`), jpeg);
  writeFileSync(at("all.mjpeg"), Buffer.concat([...PICTURES]));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A port that was free a moment ago, for programs that cannot choose a port themselves. */
function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/** Starts a program, which ends at the end of the scope. */
function start(command: string[]): AsyncDisposable & { stdout: ReadableStream<Uint8Array> } {
  const child = Bun.spawn(command, { cwd: folder, stdin: "ignore", stdout: "pipe", stderr: "ignore" });
  return {
    stdout: child.stdout,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

/** Waits until a program listens on a port. It does not connect, because some programs serve one client only. */
async function listening(port: number): Promise<void> {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  for (let tries = 0; tries < 2_000; tries++) {
    if (new RegExp(`:${hex} [0-9A-F]+:0000 0A `).test(readFileSync("/proc/net/tcp", "latin1"))) return;
    await Bun.sleep(10);
  }
  throw new Error(`nothing listens on port ${port}`);
}

async function pythonCamera() {
  const program = start([python as string, fileURLToPath(new URL("../../support/python_camera.py", import.meta.url))]);
  const { value } = await program.stdout.getReader().read();
  return { port: Number(new TextDecoder().decode(value)), [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

/** Expects the pictures of the folder in their order. The first one may be any of them. */
function expectRound(jpegs: readonly Uint8Array[], pictures: readonly Buffer[] = PICTURES): void {
  const first = pictures.findIndex((picture) => picture.equals(jpegs[0] as Uint8Array));
  expect(first).toBeGreaterThanOrEqual(0);
  for (const [index, jpeg] of jpegs.entries()) {
    expect(Buffer.compare(jpeg, pictures[(first + index) % pictures.length] as Buffer)).toBe(0);
  }
}

describe.skipIf(process.platform !== "linux")("ffmpeg", () => {
  test.each([
    ["mpjpeg", ["-f", "mpjpeg", "-boundary_tag", "frame"]],
    ["mpjpeg with its type", ["-content_type", "multipart/x-mixed-replace;boundary=ffmpeg", "-f", "mpjpeg"]],
    ["mjpeg", ["-f", "mjpeg"]],
  ])("as a camera (%s) that accepts one connection is read", async (_, output) => {
    const port = freePort();
    const url = `http://127.0.0.1:${port}/live.mjpg`;
    const input = ["-loglevel", "quiet", "-nostdin", "-re", "-stream_loop", "-1", "-f", "mjpeg", "-i", "all.mjpeg"];
    await using _camera = start(["ffmpeg", ...input, "-c", "copy", ...output, "-listen", "1", url]);
    await listening(port);
    await using camera = new CameraRun(cameraAt(url));
    expectRound(await camera.pictures(2 * PICTURES.length));
    expect(camera.sink.troubles).toEqual([]);
  });
});

describe.skipIf(python === null)(
  `Python's http.server${python === null ? " (skipped: python3 is not installed)" : ""}`,
  () => {
    test("is read as a camera whose stream has neither lengths nor line ends after pictures", async () => {
      await using server = await pythonCamera();
      await using camera = new CameraRun(cameraAt(`http://127.0.0.1:${server.port}/stream`));
      expectRound(await camera.pictures(2 * PICTURES.length));
      expect(camera.sink.troubles).toEqual([]);
    });

    test("as a camera that stores its newest picture in a file is read", async () => {
      await using server = await pythonCamera();
      writeFileSync(at("newest.jpeg"), PICTURES[0] as Buffer);
      await using camera = new CameraRun(
        cameraAt(`http://127.0.0.1:${server.port}/newest.jpeg`, { framesPerSecond: 20 }),
      );
      expectRound((await camera.pictures(3)).slice(0, 3), [PICTURES[0] as Buffer]);
      await Bun.sleep(1_100); // the server's file times are in whole seconds
      writeFileSync(at("newest.jpeg"), PICTURES[1] as Buffer);
      for (let seen = 0; !(PICTURES[1] as Buffer).equals(camera.sink.jpegs.at(-1) as Uint8Array);) {
        seen = Math.max(seen + 1, camera.sink.jpegs.length);
        await camera.pictures(seen);
      }
      expect(camera.sink.troubles).toEqual([]);
    });
  },
);

const hasNginx = isInstalled("nginx") && python !== null && process.platform === "linux";

describe.skipIf(!hasNginx)(`nginx${hasNginx ? "" : " (skipped: nginx or python3 is not installed)"}`, () => {
  /** nginx in front of a camera at `upstream`, with a password for /private/ and with TLS on a second port. */
  async function nginxBefore(upstream: number) {
    const [port, securePort] = [freePort(), freePort()];
    const openssl = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    // The name in the certificate differs from the address of the camera.
    run([...openssl, "-keyout", at("key.pem"), "-out", at("certificate.pem"), "-days", "30", "-subj", "/CN=camera"]);
    writeFileSync(at("users"), "admin:{PLAIN}a secret@word\n");
    writeFileSync(
      at("nginx.conf"),
      `daemon off; master_process off; pid ${at("nginx.pid")}; error_log /dev/null;
       events {}
       http {
         access_log off; default_type application/octet-stream; types { image/jpeg jpg; }
         client_body_temp_path ${at("t1")}; proxy_temp_path ${at("t2")}; fastcgi_temp_path ${at("t3")}; uwsgi_temp_path ${at("t4")}; scgi_temp_path ${at("t5")};
         server {
           listen 127.0.0.1:${port}; listen 127.0.0.1:${securePort} ssl;
           ssl_certificate ${at("certificate.pem")}; ssl_certificate_key ${at("key.pem")};
           root ${folder};
           location /stream { proxy_pass http://127.0.0.1:${upstream}; }
           location /private/ { auth_basic "camera"; auth_basic_user_file ${at("users")}; alias ${folder}/; }
           location = /moved { return 302 /private/2.jpg; }
         }
       }`,
    );
    const program = start(["nginx", "-p", folder, "-c", at("nginx.conf"), "-e", "/dev/null"]);
    await listening(port);
    return { port, securePort, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
  }

  test("in front of a camera: streams, unchanged files, passwords and redirects work", async () => {
    await using upstream = await pythonCamera();
    await using server = await nginxBefore(upstream.port);
    const base = `127.0.0.1:${server.port}`;
    {
      await using camera = new CameraRun(cameraAt(`http://${base}/stream`));
      expectRound(await camera.pictures(2 * PICTURES.length));
    }
    {
      await using camera = new CameraRun(cameraAt(`http://${base}/3.jpg`, { framesPerSecond: 20 }));
      expectRound(await camera.pictures(4), [PICTURES[3] as Buffer]);
    }
    {
      const url = `http://admin:a%20secret@word@${base}/moved`;
      await using camera = new CameraRun(cameraAt(url, { framesPerSecond: 20 }));
      expectRound(await camera.pictures(3), [PICTURES[2] as Buffer]);
    }
    await using camera = new CameraRun(cameraAt(`http://admin:wrong@${base}/private/2.jpg`));
    expect((await camera.failure()).message).toContain("401 Unauthorized (the user name or password is wrong)");
  });

  test("with TLS: a certificate is refused unless it is trusted", async () => {
    await using upstream = await pythonCamera();
    await using server = await nginxBefore(upstream.port);
    const url = `https://127.0.0.1:${server.securePort}/stream`;
    {
      await using camera = new CameraRun(cameraAt(url));
      expect((await camera.failure()).message).toContain("its certificate is self-signed");
    }
    const options = { source: url, size: null, framesPerSecond: null };
    await using camera = new CameraRun(openSource({ ...options, certificate: "certificate.pem", folder }));
    expectRound(await camera.pictures(PICTURES.length));
    expect(() => openSource({ ...options, certificate: "0.jpg", folder })).toThrow("0.jpg contains no certificate");
    expect(() => openSource({ ...options, source: "http://camera/", certificate: "certificate.pem" })).toThrow(
      "--certificate applies only to https addresses",
    );
  });
});

const hasMotion = isInstalled("motion") && process.platform === "linux";

test.skipIf(!hasMotion)(
  `motion as a camera is read${hasMotion ? "" : " (skipped: motion is not installed)"}`,
  async () => {
    const port = freePort();
    ffmpeg(["-i", CLIP, "-c", "copy", at("clip.mkv")]);
    const settings = [
      `netcam_url file://${at("clip.mkv")}`,
      "width 768",
      "height 576",
      "framerate 10",
      `stream_port ${port}`,
    ];
    const quiet = ["daemon off", "setup_mode off", "stream_localhost on", "stream_maxrate 100", "webcontrol_port 0"];
    const nothing = ["picture_output off", "movie_output off", `target_dir ${folder}`, "log_level 1"];
    writeFileSync(at("motion.conf"), [...settings, ...quiet, ...nothing, ""].join("\n"));
    await using _program = start(["motion", "-n", "-c", at("motion.conf")]);
    await listening(port);
    // motion closes connections while it has no picture.
    await using camera = new CameraRun(supervise(cameraAt(`http://127.0.0.1:${port}/`), { fromTheStart: true }));
    for (const jpeg of await camera.pictures(5)) expect(djpeg(jpeg)).toMatchObject({ width: 768, height: 576 });
  },
);
