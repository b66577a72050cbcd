// MQTT with a real broker: what Home Assistant reads, events, the end of the server, and a broker that comes later.

import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type MqttClient } from "mqtt";
import { isInstalled } from "../../../../scripts/setup/system-packages.ts";
import { lineLog } from "../../../../src/core/log.ts";
import { MqttPublisher } from "../../../../src/server/motion/outputs/mqtt.ts";
import { checkMqtt, checkMqttTopic } from "../../../../src/server/settings/output-values.ts";
import { motionMessage } from "../../../support/motion-reports.ts";
import { TEST_TIMEOUT_MS } from "../../../support/programs.ts";
import { until } from "../../../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const isMissing = !isInstalled("mosquitto");
const skipped = isMissing ? " (skipped: mosquitto is not installed)" : "";

let folder = "";
let lines: string[] = [];
const log = lineLog((text, level) => lines.push(`${level} ${text}`));
const running: AsyncDisposable[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  lines = [];
});
afterEach(async () => {
  for (const each of running.splice(0).toReversed()) await each[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** A port that no program uses. */
function freePort(): number {
  using server = Bun.listen({ port: 0, hostname: "127.0.0.1", socket: { data() {} } });
  return server.port;
}

/** Starts mosquitto, and waits until it listens. */
async function startBroker(port: number, access = "allow_anonymous true"): Promise<void> {
  const config = join(folder, "mosquitto.conf");
  writeFileSync(config, `listener ${port} 127.0.0.1\n${access}\npersistence false\n`);
  // As root it would change to another user, who cannot read the folder.
  writeFileSync(config, `user root\n${await Bun.file(config).text()}`);
  const child = Bun.spawn(["mosquitto", "-c", config], { stdio: ["ignore", "ignore", "ignore"] });
  running.push({
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  });
  const listens = async () => {
    const socket = await Bun.connect({ port, hostname: "127.0.0.1", socket: { data() {} } }).catch(() => null);
    socket?.end();
    return socket !== null;
  };
  for (let isUp = await listens(); !isUp; isUp = await listens()) await Bun.sleep(20);
}

/** Subscribes to everything. */
async function listen(port: number): Promise<{ values: Map<string, Buffer>; client: MqttClient }> {
  const values = new Map<string, Buffer>();
  const client = connect(`mqtt://127.0.0.1:${port}`);
  running.push({ [Symbol.asyncDispose]: () => client.endAsync(true) });
  client.on("message", (topic, payload) => values.set(topic, payload));
  await client.subscribeAsync("#");
  return { values, client };
}

function publish(port: number, cameras: { name: string; isWell: boolean }[]): MqttPublisher {
  const publisher = new MqttPublisher({ url: `mqtt://127.0.0.1:${port}`, topic: "home/cams" }, () => cameras, log);
  running.push(publisher);
  return publisher;
}

const DOOR = "home/cams/front_door_";
const topicOf = (values: Map<string, Buffer>, end: string) =>
  [...values.keys()].find((topic) => topic.startsWith(DOOR) && topic.endsWith(end)) ?? "";
const textOf = (values: Map<string, Buffer>, end: string) => values.get(topicOf(values, end))?.toString();

test.skipIf(isMissing)(
  `MqttPublisher: publishes what Home Assistant needs, events and pictures, and says when the server ends${skipped}`,
  async () => {
    const port = freePort();
    await startBroker(port);
    const { values } = await listen(port);
    const cameras = [{ name: "front door", isWell: true }];
    const publisher = publish(port, cameras);
    await until(() => topicOf(values, "/availability") !== "", "the availability");
    const configs = [...values.keys()].filter((topic) => topic.startsWith("homeassistant/"));
    expect(configs.map((topic) => topic.split("/")[1]).toSorted()).toEqual(["binary_sensor", "image"]);
    const described = configs.map((topic) => JSON.parse(String(values.get(topic))));
    for (const each of described) {
      expect(each.device.name).toBe("front door");
      for (const { topic } of each.availability) expect(values.get(topic)?.toString()).toBe("online");
    }
    const sensor = described.find(({ device_class }) => device_class === "motion");
    expect(values.get(sensor.state_topic)?.toString()).toBe("OFF");

    const picture = new Uint8Array([0xff, 0xd8, 1, 2, 3]);
    publisher.send(motionMessage("start", 1, picture));
    await until(() => textOf(values, "/event") !== undefined, "the event");
    expect(values.get(sensor.state_topic)?.toString()).toBe("ON");
    expect(JSON.parse(textOf(values, "/event") ?? "")).toEqual(motionMessage("start").report);
    const image = described.find(({ image_topic }) => image_topic !== undefined);
    expect([...(values.get(image.image_topic) ?? [])]).toEqual([...picture]);
    publisher.send(motionMessage("end"));
    await until(() => values.get(sensor.state_topic)?.toString() === "OFF", "the end");

    cameras[0] = { name: "front door", isWell: false };
    await until(() => textOf(values, "/availability") === "offline", "the trouble of the camera");
    await publisher[Symbol.asyncDispose]();
    await until(() => values.get("home/cams/status")?.toString() === "offline", "the end of the server");
    // The broker keeps all but the events.
    const later = await listen(port);
    await until(() => topicOf(later.values, "/availability") !== "", "the kept values");
    expect(topicOf(later.values, "/event")).toBe("");
  },
);

test.skipIf(isMissing)(`MqttPublisher: a broker that comes later gets the newest values${skipped}`, async () => {
  const port = freePort();
  const publisher = publish(port, [{ name: "front door", isWell: true }]);
  publisher.send(motionMessage("start"));
  await until(() => lines.length > 0, "the warning");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(`127.0.0.1:${port}`);
  await startBroker(port);
  const { values } = await listen(port);
  await until(() => textOf(values, "/motion") === "ON", "the state", 30_000);
  expect(lines.at(-1)).toBe(`info connected to the MQTT broker 127.0.0.1:${port}`);
});

test.skipIf(isMissing)(`MqttPublisher: a password may have any characters${skipped}`, async () => {
  const port = freePort();
  const password = "a:b@c/d#e%f";
  const file = join(folder, "passwords");
  expect(Bun.spawnSync(["mosquitto_passwd", "-b", "-c", file, "user", password]).exitCode).toBe(0);
  await startBroker(port, `allow_anonymous false\npassword_file ${file}`);
  for (const written of [encodeURIComponent(password), "a:b@c%2Fd%23e%25f"]) {
    lines = [];
    const url = checkMqtt(`mqtt://user:${written}@127.0.0.1:${port}`);
    const publisher = new MqttPublisher({ url, topic: "home/cams" }, () => [], log);
    running.push(publisher);
    await until(() => lines.length > 0, "the answer of the broker");
    expect(lines).toEqual([`info connected to the MQTT broker 127.0.0.1:${port}`]);
  }
});

test("mqtt: other addresses and topics are refused, and addresses are not repeated", () => {
  for (const address of ["", "broker", "http://broker", "mqtt://"]) {
    expect(() => checkMqtt(address)).toThrow(/^mqtt must be the address of a broker, for example/);
  }
  expect(checkMqtt("mqtts://user:pass@broker:8883")).toBe("mqtts://user:pass@broker:8883");
  expect(() => checkMqtt("mqtt://user:100%@broker")).toThrow(/^mqtt has a % .*: write %25 for it$/);
  for (const topic of ["", "a//b", "/a", "a/#", "a b", "+"])
    expect(() => checkMqttTopic(topic)).toThrow("is not a topic");
});
