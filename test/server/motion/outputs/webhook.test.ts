// The webhook with a real receiver: order, retries, answers that are final, and a receiver that never answers.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { lineLog } from "../../../../src/core/log.ts";
import { Webhook } from "../../../../src/server/motion/outputs/webhook.ts";
import { checkWebhook } from "../../../../src/server/settings/output-values.ts";
import { motionMessage } from "../../../support/motion-reports.ts";
import { TEST_TIMEOUT_MS } from "../../../support/programs.ts";
import { until } from "../../../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

let lines: string[] = [];
const log = lineLog((text, level) => lines.push(`${level} ${text}`));
const running: Bun.Server<undefined>[] = [];
afterEach(async () => {
  lines = [];
  for (const server of running.splice(0)) await server.stop(true);
});

/** Starts a receiver. `answer` returns the status for the request with a number, counted from 0. */
function receive(answer: (index: number) => number | Promise<number>) {
  const got: { type: string | null; body: { number: number; phase: string } }[] = [];
  let requests = 0;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const status = await answer(requests++);
      const body = (await request.json()) as { number: number; phase: string };
      if (status < 300) got.push({ type: request.headers.get("content-type"), body });
      return new Response("x".repeat(1000), { status, headers: { location: "/elsewhere" } });
    },
  });
  running.push(server);
  return { got, url: `http://127.0.0.1:${server.port}/secret`, requests: () => requests };
}

test("Webhook: posts events as JSON, in order", async () => {
  const { got, url } = receive(() => 204);
  const webhook = new Webhook(url, log);
  const numbers = [1, 2, 3, 4, 5];
  for (const number of numbers) webhook.send(motionMessage("start", number));
  await webhook.close();
  expect(got.map(({ body }) => body.number)).toEqual(numbers);
  expect(got[0]?.body).toEqual(motionMessage("start", 1).report);
  expect(got[0]?.type).toBe("application/json");
  expect([webhook.lost, lines]).toEqual([0, []]);
});

test("Webhook: tries again what may succeed later, and loses what is refused", async () => {
  const answers = [500, 429, 200, 404, 302, 200];
  const { got, url, requests } = receive((index) => answers[index] ?? 200);
  const webhook = new Webhook(url, log, 5);
  for (const number of [1, 2, 3, 4]) webhook.send(motionMessage("start", number));
  await until(() => got.length === 2 && lines.length === 4, "the events");
  expect(got.map(({ body }) => body.number)).toEqual([1, 4]);
  expect(requests()).toBe(6);
  expect(webhook.lost).toBe(2);
  const host = new URL(url).host;
  expect(lines).toEqual([
    `warning the webhook at ${host} does not take an event: it answers 500`,
    `info the webhook at ${host} takes events again`,
    `warning the webhook at ${host} does not take an event: it answers 404`,
    `info the webhook at ${host} takes events again`,
  ]);
  await webhook.close();
});

test("Webhook: while nobody listens, the oldest of many events are lost, and the rest comes later", async () => {
  const { url, got } = receive(() => 200);
  const { port } = new URL(url);
  await running.splice(0)[0]?.stop(true);
  const webhook = new Webhook(url, log, 20);
  for (let number = 1; number <= 120; number++) webhook.send(motionMessage("start", number));
  await until(() => webhook.lost === 20, "the lost events"); // the first one counts when its post has failed
  await until(() => lines.length > 0, "the warning");
  const late: number[] = [];
  running.push(
    Bun.serve({
      ...{ port: Number(port), hostname: "127.0.0.1" },
      async fetch(request) {
        late.push(((await request.json()) as { number: number }).number);
        return new Response();
      },
    }),
  );
  await until(() => late.includes(120), "the newest event");
  expect(late).toEqual(Array.from({ length: 100 }, (_, index) => index + 21));
  expect(got).toEqual([]);
  await webhook.close();
});

test("Webhook: an event that arrives while newer ones push it out is not lost", async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const { got, url, requests } = receive((index) => (index === 0 ? promise : 200));
  const webhook = new Webhook(url, log);
  webhook.send(motionMessage("start", 1));
  await until(() => requests() === 1, "the first post");
  for (let number = 2; number <= 120; number++) webhook.send(motionMessage("start", number));
  resolve(200);
  await until(() => got.length + webhook.lost >= 120, "all events");
  await webhook.close();
  expect([got.length, webhook.lost]).toEqual([101, 19]);
});

test("Webhook: a receiver that never answers does not keep a server from its end", async () => {
  const { url } = receive(() => new Promise<number>(() => undefined));
  const webhook = new Webhook(url, log);
  webhook.send(motionMessage("start"));
  await webhook.close();
  expect(webhook.lost).toBe(1);
});

test("webhook: other addresses are refused, and not repeated", () => {
  for (const address of ["", "example.org", "ftp://example.org/secret", "http://"]) {
    expect(() => checkWebhook(address)).toThrow(
      /^webhook must be an address, for example https:\/\/example.org\/motion$/,
    );
  }
});
