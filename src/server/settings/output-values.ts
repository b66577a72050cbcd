// Checks the settings of what is told about events: a command and the address of a webhook.

import { UsageError } from "../../core/errors.ts";
import { PLACEHOLDERS, placeholdersIn } from "../motion/outputs/event-command.ts";
import type { MqttSettings } from "../motion/outputs/mqtt.ts";
import { checkAs } from "./checked.ts";
import type { MqttOptions } from "./options.ts";

/** Throws UsageError if the program does not exist, or if there is an unknown placeholder. The message has no subject. */
export function checkCommand(command: readonly string[]): void {
  const [program] = command;
  if (program === undefined || program === "")
    throw new UsageError('needs a program: write for example ["notify-send", "{camera}"]');
  const unknown = placeholdersIn(command).find((name) => !PLACEHOLDERS.includes(name));
  if (unknown !== undefined) {
    const known = PLACEHOLDERS.map((name) => `{${name}}`).join(", ");
    throw new UsageError(`has the unknown placeholder {${unknown}}; there are ${known}`);
  }
  if (Bun.which(program) === null) throw new UsageError(`names the program '${program}', which is not installed`);
}

/** Returns the command. Throws UsageError as checkCommand does, with the name of the setting. */
export function resolveCommand(command: readonly string[]): readonly string[] {
  checkAs("on-event", () => checkCommand(command));
  return command;
}

/** Returns the address. Throws UsageError if it is not one. The message does not repeat it, because it may be a secret. */
export function checkWebhook(address: string): string {
  const url = URL.parse(address);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url.href;
  throw new UsageError("webhook must be an address, for example https://example.org/motion");
}

/** The default of `mqtt-topic`. */
export const MQTT_TOPIC = "slipstream";

/** Returns the address of an MQTT broker. Throws UsageError if it is not one. The message does not repeat it: it may have a password. */
export function checkMqtt(address: string): string {
  const url = URL.parse(address);
  if (url !== null && (url.protocol === "mqtt:" || url.protocol === "mqtts:") && url.hostname !== "") return address;
  throw new UsageError("mqtt must be the address of a broker, for example mqtt://192.168.1.10");
}

/** Returns the first part of topics. Throws UsageError if a topic cannot begin with it (MQTT 3.1.1, 4.7). */
export function checkMqttTopic(topic: string): string {
  if (/^[\w-]+(?:\/[\w-]+)*$/.test(topic)) return topic;
  throw new UsageError(`'${topic}' is not a topic: write letters, digits, _ and -, for example ${MQTT_TOPIC}`);
}

export function resolveMqtt({ url, topic = MQTT_TOPIC }: MqttOptions): MqttSettings {
  return { url: checkMqtt(url), topic: checkMqttTopic(topic) };
}
