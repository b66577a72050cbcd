// The role of a viewer: the rights that its key gives. It says which cameras the viewer may see, and whether it may set their
// controls.

export const RIGHTS = ["view", "control"] as const;
export type Right = (typeof RIGHTS)[number];

export interface Role {
  /** The name of the key, for the log. */
  readonly name: string;
  readonly may: ReadonlySet<Right>;
  /** The names of the cameras that may be seen. Null means all. */
  readonly cameras: ReadonlySet<string> | null;
}

/** The role of all viewers of a server without keys. */
export const EVERYBODY: Role = { name: "everybody", may: new Set(RIGHTS), cameras: null };

/** The role of a client that has given no key, on a server that needs one. */
export const NOBODY: Role = { name: "nobody", may: new Set(), cameras: new Set() };

export function maySee({ may, cameras }: Role, camera: string): boolean {
  return may.has("view") && (cameras === null || cameras.has(camera));
}
