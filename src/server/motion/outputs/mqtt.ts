// Publishes motion, pictures and availability of the cameras to an MQTT broker, and describes them to Home Assistant
// (https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery).
//
// The broker keeps the newest values, so nothing waits here while it cannot be reached: after a connection all values are published.

import { connect, type MqttClient } from "mqtt";
import { settlesWithin } from "../../../core/clock.ts";
import type { Log } from "../../../core/log.ts";
import { VERSION } from "../../../core/version.ts";
import { CLOSING_MS, type MotionMessage } from "./event-output.ts";

export interface MqttSettings {
  /** The address of the broker, with a user name and a password if it needs them. */
  url: string;
  /** The first part of all topics. */
  topic: string;
}

/** A camera whose motion is published. */
export interface MqttCamera {
  readonly name: string;
  /** Whether it delivers pictures. */
  readonly isWell: boolean;
}

/** The topics below which Home Assistant looks for descriptions. */
const DISCOVERY = "homeassistant";
const RETRY_MS = 5_000;
const CONNECT_MS = 10_000;
const CHECK_MS = 1_000;
/** While more bytes than this wait for the broker, pictures are left out. */
const MOST_WAITING_BYTES = 4 * 2 ** 20;

export class MqttPublisher implements AsyncDisposable {
  readonly #settings: MqttSettings;
  readonly #log: Log;
  readonly #cameras: () => readonly MqttCamera[];
  readonly #client: MqttClient;
  readonly #timer: ReturnType<typeof setInterval>;
  /** The values that the broker should keep, by topic. */
  readonly #wanted = new Map<string, string | Uint8Array>();
  /** Those that it has got in this connection. */
  #published = new Map<string, string | Uint8Array>();
  /** The names of the cameras that have been described. */
  readonly #known = new Set<string>();
  #isFailing = false;

  constructor(settings: MqttSettings, cameras: () => readonly MqttCamera[], log: Log) {
    this.#settings = settings;
    this.#cameras = cameras;
    this.#log = log;
    const status = `${settings.topic}/status`;
    const address = new URL(settings.url);
    const [username, password] = [decodeURIComponent(address.username), decodeURIComponent(address.password)];
    // connect() looks for the end of the user name after it has decoded both, so a colon in the password would be that end.
    address.username = "";
    address.password = "";
    const { host } = address;
    this.#client = connect(address.href, {
      ...(username === "" ? {} : { username, password }),
      ...{ reconnectPeriod: RETRY_MS, connectTimeout: CONNECT_MS, queueQoSZero: false, resubscribe: false },
      will: { topic: status, payload: Buffer.from("offline"), qos: 0, retain: true },
    });
    this.#wanted.set(status, "online");
    this.#client.on("connect", () => {
      this.#published = new Map();
      log.info(`connected to the MQTT broker ${host}`);
      this.#isFailing = false;
      this.#publish();
    });
    this.#client.on("error", ({ message }) => this.#fail(`the MQTT broker ${host} cannot be used: ${message}`));
    this.#client.on("close", () => this.#fail(`there is no connection to the MQTT broker ${host}; trying again`));
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
    this.#timer.unref();
    this.#check();
  }

  /** Publishes the start or the end of an event. */
  send({ report, picture }: MotionMessage): void {
    this.#check();
    const topic = this.#topicOf(report.camera);
    this.#wanted.set(`${topic}/motion`, report.phase === "start" ? "ON" : "OFF");
    if (picture !== null) this.#wanted.set(`${topic}/picture`, picture);
    this.#publish();
    // Who comes later gets no old events, so the broker does not keep them.
    if (this.#client.connected) this.#client.publish(`${topic}/event`, JSON.stringify(report));
  }

  /** Tells the broker that the server is gone, and disconnects. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#isFailing = true; // the end of the connection is no failure
    if (!this.#client.connected) {
      this.#client.end(true);
      return;
    }
    for (const name of this.#known) this.#wanted.set(`${this.#topicOf(name)}/motion`, "OFF");
    this.#wanted.set(`${this.#settings.topic}/status`, "offline");
    this.#publish();
    if (!(await settlesWithin(this.#client.endAsync(), CLOSING_MS))) this.#client.end(true);
  }

  /** Looks at the cameras, which may come, go and fail. */
  #check(): void {
    const cameras = this.#cameras();
    for (const { name, isWell } of cameras) {
      if (!this.#known.has(name)) this.#describe(name);
      this.#wanted.set(`${this.#topicOf(name)}/availability`, isWell ? "online" : "offline");
    }
    for (const name of this.#known) {
      if (!cameras.some((camera) => camera.name === name))
        this.#wanted.set(`${this.#topicOf(name)}/availability`, "offline");
    }
    this.#publish();
  }

  /** Describes the sensor and the picture of a camera to Home Assistant. */
  #describe(name: string): void {
    this.#known.add(name);
    const topic = this.#topicOf(name);
    const id = topic.replaceAll("/", "_");
    const shared = {
      availability: [{ topic: `${this.#settings.topic}/status` }, { topic: `${topic}/availability` }],
      availability_mode: "all",
      device: { identifiers: [id], name, manufacturer: "Slipstream", sw_version: VERSION },
    };
    const sensor = {
      name: "Motion",
      device_class: "motion",
      state_topic: `${topic}/motion`,
      unique_id: `${id}_motion`,
    };
    const image = {
      ...{ name: "Last motion", image_topic: `${topic}/picture`, content_type: "image/jpeg" },
      unique_id: `${id}_picture`,
    };
    this.#wanted.set(`${topic}/motion`, "OFF");
    this.#wanted.set(`${DISCOVERY}/binary_sensor/${id}/motion/config`, JSON.stringify({ ...sensor, ...shared }));
    this.#wanted.set(`${DISCOVERY}/image/${id}/picture/config`, JSON.stringify({ ...image, ...shared }));
  }

  /** Publishes the values that the broker has not got. */
  #publish(): void {
    if (!this.#client.connected) return;
    for (const [topic, value] of this.#wanted) {
      if (this.#published.get(topic) === value) continue;
      const { writableLength } = this.#client.stream;
      if (typeof value !== "string" && writableLength > MOST_WAITING_BYTES) continue;
      this.#published.set(topic, value);
      this.#client.publish(topic, typeof value === "string" ? value : Buffer.from(value), { retain: true });
    }
  }

  #topicOf(camera: string): string {
    const plain = camera.replaceAll(/[^a-z\d_-]/gi, "_");
    // Names that differ only in other characters need different topics.
    const suffix = plain === camera ? "" : `_${Bun.hash.crc32(camera).toString(36)}`;
    return `${this.#settings.topic}/${plain}${suffix}`;
  }

  #fail(text: string): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#log.warning(text);
  }
}
