// A strip is up to eight MCUs side by side, the unit of the inverse DCT (A.2.3 has the order of blocks in an MCU).
//
// Eight MCUs contain, for each component and each of its lines of blocks in the MCU, h groups of eight neighbouring blocks. The
// plan contains the addresses of tables and lane for each block of each MCU of a strip, for the entropy decoder.

import { inverseDctGroup } from "./inverse-dct";
import {
  COMPONENTS,
  COMPONENT_AC,
  COMPONENT_ACROSS,
  COMPONENT_BYTES,
  COMPONENT_DC,
  COMPONENT_DEQUANTISE,
  COMPONENT_H,
  COMPONENT_LINE_MASK,
  COMPONENT_PLANE,
  COMPONENT_SAMPLES,
  COMPONENT_STRIDE,
  COMPONENT_V,
  GROUPS,
  GROUP_BYTES,
  GROUP_MASK,
  MIDDLE,
  PLAN,
  PLAN_AC,
  PLAN_BYTES,
  PLAN_DC,
  PLAN_DEQUANTISE,
  PLAN_LANE,
  PLAN_MASK,
  PLAN_PREDICTION,
  PREDICTIONS,
  SCAN_COMPONENT_COUNT,
  SCAN_COMPONENT_INDEX,
  SCAN_MCUS_PER_LINE,
  TABLES,
  TABLES_BYTES,
  TOUCHED,
} from "./layout";

/** MCUs in a full strip. */
export const STRIP_MCUS = 8;

/**
 * Blocks of a component in one MCU of this scan, horizontally and vertically: its factors, or one if it is the only component
 * (A.2.2).
 */
function across(component: usize, isAlone: bool): i32 {
  return isAlone ? 1 : load<i32>(component + COMPONENT_H);
}

function down(component: usize, isAlone: bool): i32 {
  return isAlone ? 1 : load<i32>(component + COMPONENT_V);
}

/** Writes the plan for a scan. Returns the number of blocks in an MCU. */
export function planStrip(state: usize, scratch: usize, scan: usize): i32 {
  const count = load<i32>(scan + SCAN_COMPONENT_COUNT);
  const isAlone = count == 1;
  let blocks = 0;
  let entry = scratch + PLAN;
  for (let mcu = 0; mcu < STRIP_MCUS; mcu++) {
    let group = scratch + GROUPS;
    blocks = 0;
    for (let i = 0; i < count; i++) {
      const index = load<u32>(scan + SCAN_COMPONENT_INDEX + i * 4);
      const component = state + COMPONENTS + index * COMPONENT_BYTES;
      const h = across(component, isAlone);
      const v = down(component, isAlone);
      for (let y = 0; y < v; y++) {
        for (let x = 0; x < h; x++) {
          const column = mcu * h + x;
          const home = group + (column >> 3) * GROUP_BYTES;
          store<usize>(entry + PLAN_DC, load<usize>(component + COMPONENT_DC));
          store<usize>(entry + PLAN_AC, load<usize>(component + COMPONENT_AC));
          store<usize>(entry + PLAN_DEQUANTISE, load<usize>(component + COMPONENT_DEQUANTISE));
          store<usize>(entry + PLAN_LANE, home + ((column & 7) << 1));
          store<usize>(entry + PLAN_MASK, home + GROUP_MASK);
          store<usize>(entry + PLAN_PREDICTION, scratch + PREDICTIONS + index * 4);
          entry += PLAN_BYTES;
          blocks++;
        }
        group += h * GROUP_BYTES;
      }
    }
  }
  // An earlier call may have ended before it cleared these coefficients.
  memory.fill(scratch + GROUPS, 0, 10 * GROUP_BYTES);
  return blocks;
}

/**
 * Reads one word of each cache line of the decode tables of the first two components. Without this, the entropy decoder would
 * wait for one cache line after another, because the tables leave the caches between two frames, and the decoder knows each
 * address only after the previous code.
 */
export function touchTables(state: usize, scratch: usize): void {
  let sum: u32 = 0;
  for (let at = TABLES; at < TABLES + 2 * TABLES_BYTES; at += 256) {
    const line = state + at;
    sum += load<u32>(line) + load<u32>(line, 64) + load<u32>(line, 128) + load<u32>(line, 192);
  }
  store<u32>(scratch + TOUCHED, sum);
}

/** Transforms `mcus` MCUs into the planes, from MCU `first` of line `line` on. */
export function flushStrip(state: usize, scratch: usize, scan: usize, line: i32, first: i32, mcus: i32): void {
  const count = load<i32>(scan + SCAN_COMPONENT_COUNT);
  const isAlone = count == 1;
  const isLast = first + mcus == load<i32>(scan + SCAN_MCUS_PER_LINE);
  let group = scratch + GROUPS;
  for (let i = 0; i < count; i++) {
    const component = state + COMPONENTS + load<u32>(scan + SCAN_COMPONENT_INDEX + i * 4) * COMPONENT_BYTES;
    const h = across(component, isAlone);
    const v = down(component, isAlone);
    const stride = load<usize>(component + COMPONENT_STRIDE);
    const top = ((line * v) << 3) & load<i32>(component + COMPONENT_LINE_MASK);
    let target = load<usize>(component + COMPONENT_PLANE) + <usize>top * stride + ((first * h) << 3);
    const linesTarget = target;
    for (let y = 0; y < v; y++) {
      let left = mcus * h;
      let at = target;
      for (let x = 0; x < h; x++) {
        if (left > 0) inverseDctGroup(group, scratch + MIDDLE, component, at, min(left, 8));
        left -= 8;
        at += 64;
        group += GROUP_BYTES;
      }
      target += stride << 3;
    }
    if (load<u32>(component + COMPONENT_ACROSS) == 2) {
      const plane = linesTarget - ((first * h) << 3);
      if (first == 0) repeatSample(plane, plane - 1, stride, v << 3);
      if (isLast) {
        const end = plane + load<usize>(component + COMPONENT_SAMPLES);
        repeatSample(end - 1, end, stride, v << 3);
      }
    }
  }
}

/** Repeats the first and the last sample of a line, because the triangle filter reads one sample beyond each end. */
function repeatSample(from: usize, to: usize, stride: usize, lines: i32): void {
  for (let y = 0; y < lines; y++) {
    store<u8>(to, load<u8>(from));
    from += stride;
    to += stride;
  }
}

/** Makes one MCU of the strip grey, because its bytes ended early. */
export function clearMcu(scratch: usize, mcu: i32, blocks: i32): void {
  let entry = scratch + PLAN + mcu * blocks * PLAN_BYTES;
  for (let i = 0; i < blocks; i++) {
    const lane = load<usize>(entry + PLAN_LANE);
    for (let k: usize = 0; k < 1024; k += 16) store<u16>(lane + k, 0);
    entry += PLAN_BYTES;
  }
}
