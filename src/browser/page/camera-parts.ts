// The parts of a camera on the page, and the texts in them.

import { find } from "./elements.ts";

/** Finds the parts in the section of a camera. Throws if one is missing. */
export function partsOf(section: HTMLElement) {
  return {
    picture: find(section, ".picture", HTMLButtonElement),
    canvas: find(section, "canvas", HTMLCanvasElement),
    name: find(section, ".name", HTMLElement),
    header: find(section, "header", HTMLElement),
    age: find(section, ".age", HTMLButtonElement),
    alarm: find(section, ".alarm", HTMLElement),
    figures: find(section, ".figures", HTMLElement),
    tools: find(section, ".tools", HTMLElement),
    controls: find(section, ".controls", HTMLFormElement),
    motion: find(section, ".motion", SVGSVGElement),
    events: find(section, ".events", HTMLElement),
    eventList: find(section, ".events ol", HTMLOListElement),
    noEvents: find(section, ".events p", HTMLElement),
  };
}

export type CameraParts = ReturnType<typeof partsOf>;

/** 34 ms, 2.1 s, 75 s, 12 min. */
export function formatAge(ageMs: number): string {
  if (ageMs < 1000) return `${Math.round(ageMs)} ms`;
  if (ageMs < 10_000) return `${(ageMs / 1000).toFixed(1)} s`;
  if (ageMs < 120_000) return `${Math.floor(ageMs / 1000)} s`;
  return `${Math.floor(ageMs / 60_000)} min`;
}
