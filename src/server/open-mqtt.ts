// Opens the connection to an MQTT broker for the cameras whose motion is detected.

import type { Log } from "../core/log.ts";
import type { Camera } from "./cameras/camera.ts";
import { isWell } from "./deliver/camera-condition.ts";
import type { MqttPublisher, MqttSettings } from "./motion/outputs/mqtt.ts";

/** Starts to connect, or returns null without settings. It looks at `cameras` each time, so cameras may be added and removed. */
export async function openMqtt(
  settings: MqttSettings | null,
  cameras: readonly Camera[],
  log: Log,
): Promise<MqttPublisher | null> {
  if (settings === null) return null;
  const { MqttPublisher } = await import("./motion/outputs/mqtt.ts"); // few servers need the package of MQTT
  const watched = () =>
    cameras
      .filter(({ detectsMotion }) => detectsMotion)
      .map(({ name, condition }) => ({ name, isWell: isWell(condition) }));
  return new MqttPublisher(settings, watched, log);
}
