// Opens the reception of a server: the cameras that a viewer may see, and the limits for its pictures.

import type { Log } from "../core/log.ts";
import type { KeyRing } from "./access/key-ring.ts";
import { maySee } from "./access/role.ts";
import { Camera } from "./cameras/camera.ts";
import { findByName } from "./cameras/names.ts";
import type { AdaptationLimits } from "./deliver/quality/adaptation.ts";
import { Reception } from "./doors/reception.ts";
import type { ResolvedServeOptions } from "./settings/options.ts";

/** Opens the reception. It looks at `cameras` each time, so cameras may be added and removed. */
export function openReception(
  cameras: readonly Camera[],
  keys: KeyRing | null,
  options: ResolvedServeOptions,
  log: Log,
): Reception {
  return new Reception({
    limits: adaptationLimits(options),
    access: options.access,
    keys,
    findCamera({ name, wantsPictures, role }) {
      const seen = cameras.filter((camera) => maySee(role, camera.name));
      const found = findByName(seen, name);
      if (!(found instanceof Camera)) return found;
      // Questions about the whole server are answered even if the first camera has ended.
      const isAboutAll = name === "" && !wantsPictures;
      return isAboutAll ? found.audience : (found.ended ?? found.audience);
    },
    listCameras: (role) => cameras.filter(({ name }) => maySee(role, name)).map(({ entry }) => entry),
    log,
  });
}

export function adaptationLimits({ maxLatencyMs, maxBitsPerSecond }: ResolvedServeOptions): AdaptationLimits {
  return { maxLatencyMicros: maxLatencyMs === null ? null : maxLatencyMs * 1000, maxBitsPerSecond };
}
