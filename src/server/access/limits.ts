// The limits that protect a server against strangers and faulty viewers. SECURITY.md has them in a table.

/** The limits. A connection that exceeds one is refused or ended, and other viewers are not affected. */
export interface AccessLimits {
  /** The largest number of viewers. */
  maxViewers: number;
  /**
   * The largest number of viewers from one address. Loopback has no such limit, because all programs of the machine share this
   * address.
   */
  maxViewersPerAddress: number;
  /** The largest number of connections that have not sent Hello yet. If there are more, the oldest one is ended. */
  maxGreetings: number;
  /** The largest number of connections from one address that have not sent Hello yet. Loopback has no such limit. */
  maxGreetingsPerAddress: number;
  /** The largest number of new connections a second from one address, on average. Ten times as many are allowed from loopback. */
  connectsPerSecond: number;
  /** The largest number of HTTP requests a second from one address, on average. Ten times as many are allowed from loopback. */
  requestsPerSecond: number;
  /** The largest number of messages a second from one viewer, on average. Acknowledgements of frames do not count. */
  messagesPerSecond: number;
  /** The largest bit rate of pictures for all viewers together. Their addresses share it evenly. Null means no limit. */
  maxTotalBitsPerSecond: number | null;
  /**
   * The largest memory for pictures that viewers have not acknowledged, for all viewers together, in this process and in the kernel.
   * If it is exceeded, viewers that have not acknowledged a picture for a second are disconnected, beginning with the one for
   * which the most bytes wait.
   */
  maxWaitingMiB: number;
  /** A viewer that receives no bytes and acknowledges no frame for this time is disconnected. */
  stallSeconds: number;
}

export const DEFAULT_ACCESS_LIMITS: Readonly<AccessLimits> = {
  maxViewers: 256,
  maxViewersPerAddress: 32,
  maxGreetings: 64,
  maxGreetingsPerAddress: 8,
  connectsPerSecond: 20,
  requestsPerSecond: 100,
  messagesPerSecond: 50,
  maxTotalBitsPerSecond: null,
  maxWaitingMiB: 256,
  stallSeconds: 10,
};

/** The numbers that are allowed at once, as multiples of the numbers that are allowed in a second. */
export const CONNECTS_BURST = 2.5;
export const MESSAGES_BURST = 4;

/** The limits by which connections were refused or ended. */
export const LIMIT_NAMES = [
  "viewers",
  "viewersPerAddress",
  "greetings",
  "greetingsPerAddress",
  "connects",
  "requests",
  "messages",
  "waiting",
  "stalled",
  "wrongKeys",
] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];
