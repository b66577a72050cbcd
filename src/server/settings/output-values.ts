// Checks the settings of what is told about events: a command and the address of a webhook.

import { resolve } from "node:path";
import { UsageError } from "../../core/errors.ts";
import { type CommandSettings, PLACEHOLDERS, placeholdersIn } from "../motion/outputs/event-command.ts";
import type { MqttSettings } from "../motion/outputs/mqtt.ts";
import { checkAs } from "./checked.ts";
import type { MqttOptions } from "./options.ts";

/** Throws UsageError if there is no program, or an unknown placeholder. The message has no subject. */
export function checkWords(command: readonly string[]): void {
  const [program] = command;
  if (program === undefined || program === "")
    throw new UsageError('needs a program: write for example ["notify-send", "{camera}"]');
  const unknown = placeholdersIn(command).find((name) => !PLACEHOLDERS.includes(name));
  if (unknown !== undefined) {
    const known = PLACEHOLDERS.map((name) => `{${name}}`).join(", ");
    throw new UsageError(`has the unknown placeholder {${unknown}}; there are ${known}`);
  }
}

/** Throws UsageError if the program of a command does not exist. A relative path starts at `folder`. The message has no subject. */
export function checkProgram([program = ""]: readonly string[], folder: string): void {
  if (Bun.which(program, { cwd: folder }) !== null) return;
  if (!program.includes("/")) throw new UsageError(`names the program '${program}', which is not installed`);
  throw new UsageError(`names '${resolve(folder, program)}', which is not there, or not a file that can be executed`);
}

/** Returns the command, which is run in `folder`. Throws UsageError as the checks above do, with the name of the setting. */
export function resolveCommand(command: readonly string[], folder: string): CommandSettings {
  checkAs("on-event", () => {
    checkWords(command);
    checkProgram(command, folder);
  });
  return { command, folder };
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
  if (url === null || (url.protocol !== "mqtt:" && url.protocol !== "mqtts:") || url.hostname === "")
    throw new UsageError(
      "mqtt must be the address of a broker, for example mqtt://192.168.1.10; in a password write %23 for #, %2F for /, %3F for ?",
    );
  try {
    decodeURIComponent(`${url.username} ${url.password}`);
  } catch {
    throw new UsageError("mqtt has a % in the user name or the password that begins no code: write %25 for it");
  }
  return address;
}

/** Returns the first part of topics. Throws UsageError if a topic cannot begin with it (MQTT 3.1.1, 4.7). */
export function checkMqttTopic(topic: string): string {
  if (/^[\w-]+(?:\/[\w-]+)*$/.test(topic)) return topic;
  throw new UsageError(`'${topic}' is not a topic: write letters, digits, _ and -, for example ${MQTT_TOPIC}`);
}

export function resolveMqtt({ url, topic = MQTT_TOPIC }: MqttOptions): MqttSettings {
  return { url: checkMqtt(url), topic: checkMqttTopic(topic) };
}
