// The commands of the program `slipstream`.

/** What each command does, for --help. */
export const COMMANDS = {
  serve: "serves the live video of cameras, screens and files",
  view: "shows the live video of a server in a window",
  clip: "saves the last seconds of a camera as a file",
  cameras: "lists the cameras of this machine with their formats",
  key: "adds, lists and removes the keys that viewers need",
  demo: "shows a film, from a server to a window and a web page",
  doctor: "tells what this machine has, what is missing, and what it can carry",
  bench: "measures Slipstream, from its source only",
} as const;

export type CommandName = keyof typeof COMMANDS;

/** Loads and runs each command. */
export const RUN_COMMAND: Readonly<Record<CommandName, () => Promise<unknown>>> = {
  serve: () => import("./serve.ts"),
  view: () => import("./view.ts"),
  clip: () => import("./clip.ts"),
  cameras: () => import("./cameras.ts"),
  key: () => import("./key.ts"),
  demo: () => import("./demo.ts"),
  doctor: () => import("./doctor.ts"),
  bench: () => import("./bench.ts"),
};

export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}
