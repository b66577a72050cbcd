// Cameras that are read over HTTP: real sockets, with answers in the forms that cameras give.

import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { Source } from "../../../src/capture/source.ts";
import { SourceError } from "../../../src/core/errors.ts";
import { cameraAt, CameraRun } from "../../support/http-camera-run.ts";
import { multipart, PICTURES } from "../../support/multipart-streams.ts";
import { type Client, fieldOf, RawCamera } from "../../support/raw-camera.ts";
import { until } from "../../support/wait-until.ts";

const STREAM = "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n";
const PICTURE = PICTURES[0] as Buffer;

function expectPictures(jpegs: readonly Uint8Array[], expected: readonly Uint8Array[]): void {
  expect(jpegs.length).toBe(expected.length);
  for (const [index, jpeg] of jpegs.entries()) expect(Buffer.compare(jpeg, expected[index] as Uint8Array)).toBe(0);
}

/** Sends pictures one after the other until the client disconnects. */
async function sendForEver(to: Client): Promise<void> {
  to.write(STREAM);
  for (let next = 0; !to.isGone; next++) {
    to.write(multipart([PICTURES[next % PICTURES.length] as Buffer]));
    await Bun.sleep(10);
  }
}

function single(jpeg: Uint8Array, fields = ""): Buffer {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n${fields}\r\n`;
  return Buffer.concat([Buffer.from(head), jpeg]);
}

describe("HTTP camera with a stream", () => {
  test("the stream is read over one connection, which closes when the source ends", async () => {
    using camera = new RawCamera(sendForEver);
    {
      await using run = new CameraRun(cameraAt(camera.address("/video?size=vga")));
      expectPictures((await run.pictures(8)).slice(0, 4), PICTURES);
      expect(run.sink.troubles).toEqual([]);
    }
    await until(() => camera.open === 0, "the connection to close");
    expect(camera.connections).toBe(1);
    expect(camera.asked.map(({ head }) => head.split("\r\n")[0])).toEqual(["GET /video?size=vga HTTP/1.1"]);
  });

  test("each picture is delivered before the bytes that follow it arrive", async () => {
    const arrived: number[] = [];
    using camera = new RawCamera(async (to) => {
      to.write(`${STREAM}--frame\r\nContent-Type: image/jpeg\r\n\r\n`);
      to.write(PICTURE);
      await until(() => arrived.length > 0, "the picture");
      to.write("\r\n--frame\r\n");
    });
    await using run = new CameraRun(cameraAt(camera.address("/")));
    await run.pictures(1);
    arrived.push(1);
  });

  test.each(["application/octet-stream", "video/x-motion-jpeg", ""])(
    "JPEGs without parts are read, with the content type '%s'",
    async (type) => {
      using camera = new RawCamera((to) => {
        to.write(`HTTP/1.0 200 OK\r\n${type === "" ? "" : `Content-Type: ${type}\r\n`}\r\n`);
        to.write(Buffer.concat([...PICTURES]));
      });
      await using run = new CameraRun(cameraAt(camera.address("/")));
      expectPictures(await run.pictures(4), PICTURES);
    },
  );

  test("parts are read whatever the content type says", async () => {
    using camera = new RawCamera((to) =>
      to.write(Buffer.concat([Buffer.from("HTTP/1.0 200 OK\r\n\r\n"), multipart(PICTURES)])),
    );
    await using run = new CameraRun(cameraAt(camera.address("/")));
    expectPictures(await run.pictures(4), PICTURES);
  });

  test.each([
    ["ICY 200 OK\r\n", ""],
    ["RTSP/1.0 200 OK\r\n", ""],
    ["\r\nHTTP/1.1 200 OK\r\n", ""],
    ["HTTP/1.1 100 Continue\r\n\r\nICY 200\n", ""],
    ["HTTP/1.1 200 OK\r\n", "Server : x\r\nno field\r\n folded\r\n: y\r\nX-Name: a\0b\r\n"],
    ["HTTP/1.1 200 OK\r\n", "Content-Length: -1\r\n"],
    ["HTTP/1.1 200 OK\r\n", "Content-Length: 0\r\n"],
    ["HTTP/1.1 200 OK\r\n", "Content-Length: 5\r\n"],
    ["HTTP/1.1 200 OK\r\n", "Content-Encoding: gzip\r\n"],
  ])("an answer with the head %p %p is read over a second connection", async (status, fields) => {
    using camera = new RawCamera((to) =>
      to.write(
        `${status}${fields}${STREAM.split("\r\n").slice(1).join("\r\n")}${multipart(PICTURES).toString("latin1")}`,
      ),
    );
    await using run = new CameraRun(cameraAt(camera.address("/video?x=1", "admin:secret")));
    expectPictures(await run.pictures(4), PICTURES);
    expect(camera.connections).toBe(2);
    expect(camera.asked[1]?.head).toMatch(/^GET \/video\?x=1 HTTP\/1\.0\r\nHost: 127\.0\.0\.1:\d+\r\n/);
    expect(run.sink.troubles).toEqual([]);
  });

  test("an answer without status line and fields is read, and so is a chunked one with an odd status line", async () => {
    using bare = new RawCamera((to) => to.write(multipart(PICTURES)));
    await using bareRun = new CameraRun(cameraAt(bare.address("/")));
    expectPictures(await bareRun.pictures(4), PICTURES);
    using chunked = new RawCamera((to) => {
      to.write(STREAM.replace("HTTP/1.0", "ICY").replace("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n"));
      const answer = multipart(PICTURES);
      for (let at = 0; at < answer.length; at += 333) {
        const chunk = answer.subarray(at, at + 333);
        to.write(Buffer.concat([Buffer.from(`${chunk.length.toString(16)};x=y\r\n`), chunk, Buffer.from("\r\n")]));
      }
    });
    await using run = new CameraRun(cameraAt(chunked.address("/")));
    expectPictures(await run.pictures(4), PICTURES);
  });

  test("a cookie that a redirect sets is sent back", async () => {
    using camera = new RawCamera((to, asked) => {
      if (fieldOf(asked, "Cookie") === "id=1; b=2") return to.write(STREAM + multipart(PICTURES).toString("latin1"));
      const fields = "Set-Cookie: id=1; path=/\r\nSet-Cookie: b=2\r\nLocation: /\r\nContent-Length: 0\r\n";
      return to.write(`HTTP/1.1 302 Found\r\n${fields}\r\n`);
    });
    await using run = new CameraRun(cameraAt(camera.address("/")));
    expectPictures(await run.pictures(4), PICTURES);
  });

  test.each(["202 Accepted", "203 Changed", "206 Partial Content"])(
    "an answer with the status %s is read",
    async (status) => {
      using camera = new RawCamera((to) =>
        to.write(STREAM.replace("200 OK", status) + multipart(PICTURES).toString("latin1")),
      );
      await using run = new CameraRun(cameraAt(camera.address("/")));
      expectPictures(await run.pictures(4), PICTURES);
    },
  );

  test("parts are read from HTTP chunks with other borders", async () => {
    using camera = new RawCamera((to) => {
      to.write(STREAM.replace("1.0", "1.1").replace("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n"));
      const body = multipart(PICTURES);
      for (let at = 0; at < body.length; at += 100) {
        const chunk = body.subarray(at, at + 100);
        to.write(Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n")]));
      }
    });
    await using run = new CameraRun(cameraAt(camera.address("/")));
    expectPictures(await run.pictures(4), PICTURES);
  });

  test("frames are dropped to keep the requested rate", async () => {
    using camera = new RawCamera(sendForEver); // at most 100 pictures a second are requested
    await using run = new CameraRun(cameraAt(camera.address("/"), { framesPerSecond: 5 }));
    const begin = performance.now();
    await run.pictures(6);
    expect(performance.now() - begin).toBeGreaterThan(800); // five intervals of 10 ms, the last ones a quarter early
  });

  test.each([
    ["an end", (to: Client) => to.close(), /^the camera has ended$/],
    ["a reset", (to: Client) => to.reset(), /^the camera has ended$|connection was closed/],
  ])("a stream that ends with %s is opened again soon", async (_, close, message) => {
    using camera = new RawCamera((to) => {
      to.write(Buffer.concat([Buffer.from(STREAM), multipart(PICTURES)]));
      setTimeout(() => close(to), 50);
    });
    await using run = new CameraRun(cameraAt(camera.address("/")));
    const error = await run.failure();
    expect(error.message).toMatch(message);
    expect(error.retry).toBe("soon");
    expectPictures(run.sink.jpegs, PICTURES);
  });
});

describe("HTTP camera with single pictures", () => {
  test("pictures are requested at the requested rate over one connection", async () => {
    using camera = new RawCamera((to, { number }) => to.write(single(PICTURES[(number - 1) % 4] as Buffer)));
    await using run = new CameraRun(cameraAt(camera.address("/snap.jpeg"), { framesPerSecond: 20 }));
    const begin = performance.now();
    expectPictures((await run.pictures(8)).slice(0, 8), [...PICTURES, ...PICTURES]);
    expect(performance.now() - begin).toBeGreaterThan(7 * 50 - 20);
    expect(run.sink.troubles).toEqual([]);
    expect(camera.connections).toBe(1);
  });

  test.each([
    ["with a length", (jpeg: Buffer) => single(jpeg, "Connection: close\r\n")],
    [
      "without a length",
      (jpeg: Buffer) => Buffer.concat([Buffer.from("HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n"), jpeg]),
    ],
    ["without a type", (jpeg: Buffer) => Buffer.concat([Buffer.from("HTTP/1.0 200 OK\r\n\r\n"), jpeg])],
    ["in parts", (jpeg: Buffer) => Buffer.concat([Buffer.from(STREAM), multipart([jpeg])])],
  ])("a picture %s may need a connection of its own each time, without a trouble", async (_, answer) => {
    using camera = new RawCamera((to, { number }) => {
      to.write(answer(PICTURES[(number - 1) % 4] as Buffer));
      to.close();
    });
    await using run = new CameraRun(cameraAt(camera.address("/"), { framesPerSecond: 30 }));
    expectPictures((await run.pictures(4)).slice(0, 4), PICTURES);
    expect(run.sink.troubles).toEqual([]);
    expect(camera.mostOpen).toBeLessThanOrEqual(2); // the end of one connection may come after the start of the next
  });

  test.each([
    [
      "whose length is beyond its end",
      (jpeg: Buffer) => Buffer.from(single(jpeg).toString("latin1").replace(`${jpeg.length}`, "9999"), "latin1"),
    ],
    [
      "in chunks without the last one",
      (jpeg: Buffer) =>
        Buffer.concat([
          Buffer.from(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${jpeg.length.toString(16)}\r\n`),
          jpeg,
        ]),
    ],
  ])("a picture %s is shown", async (_, answer) => {
    using camera = new RawCamera((to, { number }) => {
      to.write(answer(PICTURES[(number - 1) % 4] as Buffer));
      to.close();
    });
    await using run = new CameraRun(cameraAt(camera.address("/"), { framesPerSecond: 30 }));
    const jpegs = await run.pictures(4);
    // fetch may discard the first one.
    const first = PICTURES.findIndex((jpeg) => jpeg.equals(jpegs[0] as Uint8Array));
    expectPictures(jpegs.slice(0, 4), [...PICTURES, ...PICTURES].slice(first, first + 4));
    expect(run.sink.troubles).toEqual([]);
  });

  test("an answer with two pictures gives one frame", async () => {
    using camera = new RawCamera((to) => to.write(single(Buffer.concat([PICTURE, PICTURES[3] as Buffer]))));
    await using run = new CameraRun(cameraAt(camera.address("/"), { framesPerSecond: 30 }));
    for (const jpeg of await run.pictures(3)) expect(Buffer.compare(jpeg, PICTURE)).toBe(0);
  });

  test.each([
    ["ETag", 'ETag: "one"\r\n', "If-None-Match", '"one"'],
    [
      "Last-Modified",
      "Last-Modified: Sat, 01 Jan 2000 00:00:00 GMT\r\n",
      "If-Modified-Since",
      "Sat, 01 Jan 2000 00:00:00 GMT",
    ],
  ])("the picture before is shown again if the camera has no newer one (%s)", async (_, field, condition, value) => {
    using camera = new RawCamera((to, asked) => {
      if (fieldOf(asked, condition) === value) to.write("HTTP/1.1 304 Not Modified\r\n\r\n");
      else to.write(single(PICTURE, field));
    });
    await using run = new CameraRun(cameraAt(camera.address("/"), { framesPerSecond: 30 }));
    for (const jpeg of await run.pictures(4)) expect(Buffer.compare(jpeg, PICTURE)).toBe(0);
    expect(camera.asked.map((asked) => fieldOf(asked, condition)).slice(0, 3)).toEqual([null, value, value]);
    expect(camera.connections).toBe(1);
  });

  test("single failures do not end the source, and three in a row do", async () => {
    let isBroken = false;
    using camera = new RawCamera((to, { number }) => {
      if (isBroken || number % 2 === 0) to.reset();
      else to.write(single(PICTURE));
    });
    await using run = new CameraRun(cameraAt(camera.address("/"), { framesPerSecond: 50 }));
    await run.pictures(5);
    expect(run.error).toBeNull();
    isBroken = true;
    expect((await run.failure()).message).toContain("connection was closed");
  });
});

describe("HTTP camera with a password", () => {
  const md5 = (text: string) => createHash("md5").update(text).digest("hex");

  test("the password is sent when the camera asks for it (basic)", async () => {
    using camera = new RawCamera((to, asked) => {
      if (fieldOf(asked, "Authorization") === `Basic ${btoa("admin:a b@c")}`) return sendForEver(to);
      return to.write('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="cam"\r\nContent-Length: 0\r\n\r\n');
    });
    await using run = new CameraRun(cameraAt(camera.address("/", "admin:a%20b@c")));
    await run.pictures(2);
    expect(camera.asked.map((asked) => fieldOf(asked, "Authorization") !== null)).toEqual([false, true]);
    expect(camera.connections).toBe(1);
  });

  test("with digest the password itself is not sent, and a nonce that is too old is replaced", async () => {
    let nonce = "first";
    let answers = 0;
    const realm = Buffer.from("Küche").toString("latin1"); // as bytes of UTF-8
    using camera = new RawCamera((to, asked) => {
      const field = fieldOf(asked, "Authorization") ?? "";
      const value = (name: string) => new RegExp(`\\b${name}="?([^",]*)`).exec(field)?.[1] ?? "";
      const proof = `${nonce}:${value("nc")}:${value("cnonce")}:auth:${md5("GET:/snap?a=1")}`;
      const isRight = value("response") === md5(`${md5("admin:Küche:secret")}:${proof}`) && value("realm") === realm;
      const isStale = field !== "" && value("nonce") !== nonce;
      if (field.startsWith("Digest ") && isRight) {
        if (++answers === 2) nonce = "second";
        return to.write(single(PICTURE));
      }
      const digest = `Digest realm="${realm}", qop="auth", nonce="${nonce}"${isStale ? ", stale=true" : ""}`;
      const fields = `WWW-Authenticate: Basic realm="cam"\r\nWWW-Authenticate: ${digest}\r\nContent-Length: 3\r\n`;
      return to.write(`HTTP/1.1 401 Unauthorized\r\n${fields}\r\nno!`);
    });
    await using run = new CameraRun(cameraAt(camera.address("/snap?a=1", "admin:secret"), { framesPerSecond: 50 }));
    await run.pictures(5);
    const fields = camera.asked.map((asked) => fieldOf(asked, "Authorization"));
    expect(fields.filter((field) => field?.startsWith("Basic"))).toEqual([]);
    expect(fields.slice(1, 3).map((field) => /nc=(\d+)/.exec(field ?? "")?.[1])).toEqual(["00000001", "00000002"]);
    expect(camera.connections).toBe(1);
  });

  test.each([
    ["basic", 'Basic realm="cam"'],
    ["digest", 'Digest realm="cam", nonce="1", qop="auth"'],
    ["digest with a new nonce each time", null],
  ])("a wrong password is sent once (%s)", async (_, challenge) => {
    using camera = new RawCamera((to, { number }) => {
      const asked = challenge ?? `Digest realm="cam", nonce="${number}", qop="auth"`;
      to.write(`HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: ${asked}\r\nContent-Length: 0\r\n\r\n`);
    });
    await using run = new CameraRun(cameraAt(camera.address("/", "admin:hunter2")));
    const { message } = await run.failure();
    expect(message).toBe(
      "cannot read video from the camera: it answers 401 Unauthorized (the user name or password is wrong)",
    );
    expect(camera.asked.filter((asked) => fieldOf(asked, "Authorization") !== null).length).toBe(1);
    expect((run.error as SourceError).retry).toBe("minutes");
  });

  test("a password that is refused later is not sent again, even for single pictures", async () => {
    let isChanged = false;
    using camera = new RawCamera((to, asked) => {
      if (!isChanged && fieldOf(asked, "Authorization") !== null) return to.write(single(PICTURE));
      return to.write("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n");
    });
    await using run = new CameraRun(cameraAt(camera.address("/", "admin:hunter2"), { framesPerSecond: 50 }));
    await run.pictures(3);
    isChanged = true;
    const before = camera.asked.length;
    expect((await run.failure()).retry).toBe("minutes");
    expect(camera.asked.length - before).toBeLessThanOrEqual(2); // the camera may have answered one of them before
  });

  test("the error for a missing password says that the camera needs one", async () => {
    using camera = new RawCamera((to) =>
      to.write("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"),
    );
    await using run = new CameraRun(cameraAt(camera.address("/")));
    expect((await run.failure()).message).toContain("it asks for a password: write http://USER:PASSWORD@HOST/");
  });

  test("the password is not sent to another origin", async () => {
    using other = new RawCamera((to) =>
      to.write("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"),
    );
    using camera = new RawCamera((to, asked) => {
      if (fieldOf(asked, "Authorization") === null) {
        to.write("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n");
      } else {
        to.write(`HTTP/1.1 302 Found\r\nLocation: ${other.address("/video")}\r\nContent-Length: 0\r\n\r\n`);
      }
    });
    await using run = new CameraRun(cameraAt(camera.address("/", "admin:hunter2")));
    const { message } = await run.failure();
    expect(message).toContain(`the camera redirects to http://127.0.0.1:${other.port}, which asks for a password`);
    expect(message).not.toContain("hunter2");
    expect(other.asked.map((asked) => fieldOf(asked, "Authorization"))).toEqual([null]);
  });
});

describe("HTTP camera with an answer that is not a picture", () => {
  test("the status 304 before the first picture is an error", async () => {
    using camera = new RawCamera((to) => to.write("HTTP/1.1 304 Not Modified\r\n\r\n"));
    await using run = new CameraRun(cameraAt(camera.address("/")));
    const { message, retry } = await run.failure();
    expect([message, retry]).toEqual(["cannot read video from the camera: its answer contains no picture", "growing"]);
  });

  test.each([
    ["429 Too Many Requests", "7", "soon", 7_000],
    ["429 Too Many Requests", null, "minutes", 0],
    ["503 Busy", "3", "soon", 3_000],
    ["503 Busy", "99999999", "soon", 3_600_000],
    ["503 Busy", "Wed, 21 Oct 2015 07:28:00 GMT", "soon", 0],
    ["503 Busy", "later", "soon", 0],
  ] as const)("the status %s may ask for a pause: %p", async (status, retryAfter, retry, pauseMs) => {
    const field = retryAfter === null ? "" : `Retry-After: ${retryAfter}\r\n`;
    using camera = new RawCamera((to) => to.write(`HTTP/1.1 ${status}\r\n${field}Content-Length: 0\r\n\r\n`));
    await using run = new CameraRun(cameraAt(camera.address("/")));
    const error = await run.failure();
    expect({ retry: error.retry, pauseMs: error.pauseMs }).toEqual({ retry, pauseMs });
  });

  test.each([
    ["403 Forbidden", "it answers 403 Forbidden (access is forbidden)"],
    ["404 Not Found", "it answers 404 Not Found (there is no such address)"],
    ["503 Service Unavailable", "it answers 503 Service Unavailable (it is busy)"],
  ])("the status %s is named in the error", async (status, text) => {
    using camera = new RawCamera((to) => to.write(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`));
    await using run = new CameraRun(cameraAt(camera.address("/", "admin:hunter2")));
    const { message } = await run.failure();
    expect(message).toContain(`cannot read video from the camera: ${text}`);
    expect(message).not.toContain("hunter2");
    expect(camera.asked.length).toBe(1);
  });

  test("a redirect is followed, but not a circle of redirects", async () => {
    using camera = new RawCamera((to, { head }) => {
      if (head.startsWith("GET /video ")) return sendForEver(to);
      const location = head.startsWith("GET /old ") ? "video" : "/circle";
      return to.write(`HTTP/1.1 301 Moved\r\nLocation: ${location}\r\nContent-Length: 5\r\n\r\nmoved`);
    });
    await using run = new CameraRun(cameraAt(camera.address("/old")));
    await run.pictures(1);
    await using circle = new CameraRun(cameraAt(camera.address("/circle")));
    expect((await circle.failure()).message).toContain("it redirects more than 5 times");
  });

  test("the error for a web page names it as a web page", async () => {
    using camera = new RawCamera((to) => {
      to.write("HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<!DOCTYPE html><title>Camera</title>");
      to.close();
    });
    await using run = new CameraRun(cameraAt(camera.address("/")));
    expect((await run.failure()).message).toContain("web page");
  });

  test("the error for an answer with text names its type", async () => {
    using camera = new RawCamera((to) => {
      to.write('HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{"error":"no such channel"}');
      to.close();
    });
    await using run = new CameraRun(cameraAt(camera.address("/")));
    expect((await run.failure()).message).toContain("it answers with text (application/json) instead of video");
  });

  test.each([
    ["PNG", "\x89PNG\r\n\x1a\n"],
    ["WebP", "RIFF\0\x01\0\0WEBPVP8 "],
    ["BMP", "BM\x36\0\0\0"],
  ])("the error for a single picture in another format names it (%s)", async (format, start) => {
    const body = Buffer.concat([Buffer.from(start, "latin1"), Buffer.alloc(300)]);
    using camera = new RawCamera((to) => {
      to.write(`HTTP/1.0 200 OK\r\nContent-Type: image/x\r\nContent-Length: ${body.length}\r\n\r\n`);
      to.write(body);
      to.close();
    });
    await using run = new CameraRun(cameraAt(camera.address("/")));
    expect((await run.failure()).message).toContain(`it answers with a ${format} picture`);
  });

  test("an empty answer gives an error", async () => {
    using camera = new RawCamera((to) => {
      to.write(STREAM);
      to.close();
    });
    await using run = new CameraRun(cameraAt(camera.address("/")));
    expect((await run.failure()).message).toContain("its answer contains no picture");
  });

  test("the errors for a closed port and an unknown host name them", async () => {
    const closed = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    closed.stop(true);
    await using refused = new CameraRun(cameraAt(`http://127.0.0.1:${closed.port}/`));
    expect((await refused.failure()).message).toBe("cannot read video from the camera: Connection refused");
    await using unknown = new CameraRun(cameraAt("http://no-such-camera.invalid/"));
    expect((await unknown.failure()).message).toContain("the host is unknown");
  });
});

describe("HTTP camera that is silent", () => {
  test("a camera that sends nothing after its first picture is reported, until the second one comes", async () => {
    using camera = new RawCamera(async (to) => {
      to.write(STREAM);
      to.write(multipart([PICTURE]));
      await until(() => run.sink.troubles.length > 0, "the trouble", 30_000);
      to.write(multipart([PICTURE]));
    });
    await using run = new CameraRun(cameraAt(camera.address("/")));
    await until(() => run.sink.troubles.length === 2, "the end of the trouble", 40_000);
    expect(run.sink.troubles).toEqual(["the camera has sent nothing for 10 s", null]);
  }, 60_000);

  test.each([
    ["never answers", "", "the camera has not answered for 2 s"],
    ["sends no picture", STREAM, "the camera has not sent a picture for 2 s"],
  ])(
    "a camera that %s is reported after 2 s, and the end of the source disconnects it at once",
    async (_, answer, trouble) => {
      using camera = new RawCamera((to) => to.write(answer));
      const run = new CameraRun(cameraAt(camera.address("/")));
      await until(() => run.sink.troubles.length > 0, "the trouble", 10_000);
      expect(run.sink.troubles).toEqual([trouble]);
      const begin = performance.now();
      await run[Symbol.asyncDispose]();
      expect(performance.now() - begin).toBeLessThan(5_000); // the source itself waits for up to 10 s and 30 s
      expect(run.error).toBeNull();
      await until(() => camera.open === 0, "the connection to close");
    },
  );
});

describe("HTTP camera with an answer that is not JPEG", () => {
  /** Records the bytes that the source gets, and ends. */
  function other() {
    const bodies: (Uint8Array | null)[] = [];
    const openOther = (body: ReadableStream<Uint8Array> | null): Source => ({
      name: "the camera",
      framesPerSecond: 25,
      async run() {
        bodies.push(body === null ? null : new Uint8Array(await new Response(body).arrayBuffer()));
        throw new SourceError("the other video has ended", { retry: "soon" });
      },
    });
    return { bodies, openOther };
  }

  test("the answer goes to ffmpeg from its first byte, without a second connection", async () => {
    const stream = Buffer.concat([Buffer.from([0x47, 0x40, 0x11, 0x10]), Buffer.alloc(20_000, 7)]);
    using camera = new RawCamera(async (to) => {
      to.write("HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\n\r\n");
      to.write(stream.subarray(0, 2));
      await Bun.sleep(50);
      to.write(stream.subarray(2));
      setTimeout(() => to.close(), 50);
    });
    const { bodies, openOther } = other();
    await using run = new CameraRun(cameraAt(camera.address("/"), { openOther }));
    expect((await run.failure()).message).toBe("the other video has ended");
    expect(Buffer.compare(bodies[0] as Uint8Array, stream)).toBe(0);
    expect(camera.connections).toBe(1);
  });

  test.each([
    ["a playlist", "HTTP/1.0 200 OK\r\nContent-Type: application/vnd.apple.mpegurl\r\n\r\n#EXTM3U\n#EXT-X-VERSION:3\n"],
    [
      "a file",
      "HTTP/1.0 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 24\r\n\r\n\0\0\0\x18ftypisom\0\0\0\0isomavc1",
    ],
  ])("ffmpeg reads the address itself when the answer is %s", async (_, answer) => {
    using camera = new RawCamera((to) => {
      to.write(answer);
      setTimeout(() => to.close(), 20);
    });
    const { bodies, openOther } = other();
    await using run = new CameraRun(cameraAt(camera.address("/"), { openOther }));
    await run.failure();
    expect(bodies).toEqual([null]);
    await until(() => camera.open === 0, "the connection to close");
  });
});
