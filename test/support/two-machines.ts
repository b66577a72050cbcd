// Two machines in a network of their own: network namespaces with a virtual cable between them (ip-netns(8), veth(4)).

export interface Machine {
  address: string;
  /** The command line before a program's own that runs the program on the machine. */
  through: readonly string[];
  run(...command: string[]): void;
}

export interface Network extends Disposable {
  machines: readonly [Machine, Machine];
}

function ip(...args: string[]): void {
  const { success, stderr } = Bun.spawnSync(["ip", ...args]);
  if (!success) throw new Error(`ip ${args.join(" ")}: ${stderr.toString().trim()}`);
}

let networks = 0;

/** Throws if namespaces cannot be created, for example without root, without `ip`, or without support in the kernel. */
export function openNetwork(): Network {
  if (Bun.which("ip") === null) throw new Error("the program 'ip' is missing");
  const names = ["a", "b"].map((end) => `slipstream-${process.pid}-${networks}${end}`) as [string, string];
  networks++;
  const close = () => {
    for (const name of names) Bun.spawnSync(["ip", "netns", "del", name]);
  };
  try {
    for (const name of names) ip("netns", "add", name);
    ip("link", "add", "cable", "netns", names[0], "type", "veth", "peer", "name", "cable", "netns", names[1]);
    const machines = names.map((name, index) => {
      const through = ["ip", "netns", "exec", name] as const;
      const address = `192.0.2.${index + 1}`; // an address of TEST-NET-1 (RFC 5737)
      ip("-n", name, "address", "add", `${address}/24`, "dev", "cable");
      for (const link of ["lo", "cable"]) ip("-n", name, "link", "set", link, "up");
      ip("-n", name, "route", "add", "default", "dev", "cable");
      return { address, through, run: (...command: string[]) => ip("-n", name, ...command) };
    }) as unknown as [Machine, Machine];
    return { machines, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

/** The reason why no network can be created here, or null if it can. */
export function whyNoNetwork(): string | null {
  try {
    openNetwork()[Symbol.dispose]();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
