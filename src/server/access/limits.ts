// The limits of what strangers may cost a server. SECURITY.md has them in a table.

/** A connection beyond a limit is refused or ended. It harms no other viewer. */
export interface AccessLimits {
  /** Viewers in all. */
  maxViewers: number;
  /** Viewers from one address. Loopback has no such limit: its programs share one address. */
  maxViewersPerAddress: number;
  /** Connections that have not sent Hello yet, in all. Beyond it the oldest of them ends. */
  maxGreetings: number;
  /** Connections from one address that have not sent Hello yet. Loopback has no such limit. */
  maxGreetingsPerAddress: number;
  /** New connections a second from one address in the long run. Ten times as many are allowed from loopback. */
  connectsPerSecond: number;
  /** Messages a second from one viewer in the long run, without acknowledgements of frames. */
  messagesPerSecond: number;
  /** The most bits a second of pictures for all viewers together, which their addresses share evenly. Null means no limit. */
  maxTotalBitsPerSecond: number | null;
  /**
   * The most memory for pictures that viewers have not acknowledged, in all, here and in the kernel. Beyond it, viewers that have not
   * acknowledged a picture for a second are disconnected, first the one that is behind the most.
   */
  maxWaitingMiB: number;
  /** A viewer that takes no byte and acknowledges no frame for this long is disconnected. */
  stallSeconds: number;
}

export const DEFAULT_ACCESS_LIMITS: Readonly<AccessLimits> = {
  maxViewers: 256,
  maxViewersPerAddress: 32,
  maxGreetings: 64,
  maxGreetingsPerAddress: 8,
  connectsPerSecond: 20,
  messagesPerSecond: 50,
  maxTotalBitsPerSecond: null,
  maxWaitingMiB: 256,
  stallSeconds: 10,
};

/** What is allowed at once, as a multiple of what is allowed in a second. */
export const CONNECTS_BURST = 2.5;
export const MESSAGES_BURST = 4;

/** The limits by which connections were refused or ended. */
export const LIMIT_NAMES = [
  "viewers",
  "viewersPerAddress",
  "greetings",
  "greetingsPerAddress",
  "connects",
  "messages",
  "waiting",
  "stalled",
  "wrongKeys",
] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];
