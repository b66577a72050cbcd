// The keys of the page: those of the window of `bun run view`, and M for the list of motion.

import type { Grid } from "./grid.ts";
import { tell } from "./status.ts";

/** Form fields that use keys themselves. */
const FIELDS = "input, select, textarea, dialog";

export function listenForKeys(grid: Grid): void {
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (key !== "Escape" && target instanceof Element && target.closest(FIELDS) !== null) return;
    // On a button, the space bar presses it. A picture is a button, too, but there the space bar pauses as in the window.
    if (key === " " && target instanceof Element && target.closest("button:not(.picture)") !== null) return;
    if (press(key, grid)) event.preventDefault();
  });
  // Browsers press a button when the space bar is released.
  document.addEventListener("keyup", (event) => {
    if (event.key === " " && event.target instanceof Element && event.target.matches(".picture"))
      event.preventDefault();
  });
}

/** Returns whether the key has a meaning. */
function press(key: string, grid: Grid): boolean {
  const all = grid.single === null ? grid.cells : [grid.single];
  switch (key.toLowerCase()) {
    case "f":
      grid.wantsFullScreen();
      return true;
    case "i":
      for (const cell of all) cell.toggleFigures();
      return true;
    case " ":
      for (const cell of all) cell.togglePause();
      return true;
    case "s":
      if (grid.single === null) tell("A snapshot contains one camera: first choose a camera by its number or by a tap");
      else grid.single.saveSnapshot();
      return true;
    case "c":
      if (grid.single === null) tell("A clip contains one camera: first choose a camera by its number or by a tap");
      else void grid.single.savePast();
      return true;
    case "m":
      if (grid.single === null)
        tell("The list of motion is one camera's: first choose a camera by its number or by a tap");
      else grid.single.toggleEvents();
      return true;
    case "escape":
      if (!all.some((cell) => cell.closePanel())) grid.wantsGrid();
      return true;
    default:
      if (!/^[1-9]$/.test(key)) return false;
      grid.select(Number(key));
      return true;
  }
}
