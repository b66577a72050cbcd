// Examines the network: whether the ports of the server are free, and whether a firewall is in the way.

import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connectTcp } from "../connect/tcp.ts";
import { codeOf, ConnectionError, messageOf } from "../core/errors.ts";
import { onAbort } from "../core/on-abort.ts";
import { asRoot, type Finding, good, limited, missing } from "./finding.ts";

export interface ServerPorts {
  /** The TCP port of viewers. */
  port: number;
  /** The TCP port of the web page. */
  http: number;
}

/** The program that has the port of viewers gets this time to answer. */
const ANSWER_MS = 1000;

/** Tries to listen on the ports on all addresses of this machine. A server that already runs is not a fault. */
export async function examinePorts({ port, http }: ServerPorts): Promise<Finding[]> {
  const viewers = tryPort(port);
  const web = tryPort(http);
  const isOurs = viewers !== null && (await isOurServer(port));
  const forViewers = (): Finding => {
    if (viewers === null) return good("port", `port ${port} is free for viewers`);
    const holder = viewers.holder === null ? "" : `: ${viewers.holder}`;
    if (isOurs) return good("port", `a Slipstream server already runs on port ${port}${holder}`);
    const text = `port ${port} for viewers cannot be used: ${viewers.reason}`;
    return missing("port", text, "bun run serve --port N, with another port");
  };
  const forWeb = (): Finding => {
    if (web === null) return good("http-port", `port ${http} is free for the web page`);
    // The processes of another user are not known.
    if (isOurs && web.isTaken && web.holder === viewers.holder) {
      return good("http-port", `port ${http} is in use, as by the web page of the server that runs`);
    }
    const text = `port ${http} for the web page cannot be used: ${web.reason}`;
    return limited("http-port", text, "bun run serve --http N, with another port");
  };
  return [forViewers(), forWeb()];
}

/** Whether a Slipstream server listens on a port. It answers everybody: with a Goodbye if it needs TLS or a key. */
async function isOurServer(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const ignore = () => undefined;
  const events = {
    onWelcome: () => resolve(true),
    onStream: ignore,
    onPicture: ignore,
    onTiles: ignore,
    onNotice: ignore,
  };
  const signal = AbortSignal.timeout(ANSWER_MS);
  try {
    const address = { host: "127.0.0.1", port, camera: "" };
    const connection = await connectTcp(address, events, { paused: true, scheme: "slip", signal });
    using _ = onAbort(signal, () => resolve(false));
    connection.ended.then(
      ({ goodbye }) => resolve(goodbye !== null),
      () => resolve(false), // it speaks something else
    );
    const isOurs = await promise;
    connection.close();
    return isOurs;
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    return false;
  }
}

/** A port that cannot be used. */
interface UnusablePort {
  reason: string;
  /** Whether a program listens on it. */
  isTaken: boolean;
  /** The program, or null if it is not known. */
  holder: string | null;
}

/** Returns null if the port can be used. */
function tryPort(port: number): UnusablePort | null {
  for (const hostname of ["0.0.0.0", "127.0.0.1"]) {
    try {
      Bun.listen({ hostname, port, socket: { data: () => undefined } }).stop(true);
    } catch (error) {
      if (codeOf(error) !== "EADDRINUSE") return { reason: messageOf(error), isTaken: false, holder: null };
      const holder = holderOf(port);
      return { reason: `${holder ?? "another program"} uses it`, isTaken: true, holder };
    }
  }
  return null;
}

/** Finds the process that listens on a TCP port, for example `nginx (process 812)`. Null if it belongs to another user. */
function holderOf(port: number): string | null {
  const sockets = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) => listeningSockets(file, port));
  if (sockets.length === 0) return null;
  const wanted = new Set(sockets.map((inode) => `socket:[${inode}]`));
  for (const pid of readFolder("/proc").filter((name) => /^\d+$/.test(name))) {
    const holds = readFolder(`/proc/${pid}/fd`).some((descriptor) => {
      try {
        return wanted.has(readlinkSync(`/proc/${pid}/fd/${descriptor}`));
      } catch {
        return false; // the file was closed since the folder was read
      }
    });
    if (holds) return `${readFile(`/proc/${pid}/comm`)?.trim() ?? "a program"} (process ${pid})`;
  }
  return null;
}

/** Reads the inodes of the sockets that listen on a port (proc(5), /proc/net/tcp; state 0A is TCP_LISTEN). */
function listeningSockets(file: string, port: number): string[] {
  return (readFile(file) ?? "")
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === "0A" && Number.parseInt(local?.split(":")[1] ?? "", 16) === port)
    .flatMap((fields) => fields[9] ?? []);
}

function readFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // it belongs to another user, or the process has ended
  }
}

function readFile(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** Where the firewalls keep their state. Tests use another folder. */
export interface FirewallFiles {
  ufw: string;
  firewalld: string;
}

const FIREWALL_FILES: FirewallFiles = { ufw: "/etc/ufw/ufw.conf", firewalld: "/run/firewalld" };

/** The port of multicast DNS (RFC 6762, 3), by which viewers find the server. */
const MDNS_PORT = 5353;

/** Looks for a firewall that keeps viewers on other machines from the ports. */
export function examineFirewall({ port, http }: ServerPorts, files = FIREWALL_FILES): Finding[] {
  if (process.platform !== "linux") return [];
  const ports = `${port} (viewers), ${http} (web page) and ${MDNS_PORT} over UDP (discovery)`;
  if (/^ENABLED=yes/m.test(readFile(files.ufw) ?? "")) {
    const commands = [`allow ${port}/tcp`, `allow ${http}/tcp`, `allow ${MDNS_PORT}/udp`].map((rule) =>
      asRoot(`ufw ${rule}`),
    );
    return [limited("firewall", `ufw is on: viewers on other machines need the ports ${ports}`, commands.join(" && "))];
  }
  if (existsSync(files.firewalld)) {
    const command = `firewall-cmd --permanent --add-port=${port}/tcp --add-port=${http}/tcp --add-service=mdns`;
    const mend = `${asRoot(command)} && ${asRoot("firewall-cmd --reload")}`;
    return [limited("firewall", `firewalld is on: viewers on other machines need the ports ${ports}`, mend)];
  }
  const nft = Bun.which("nft", { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` });
  if (nft !== null) {
    const { success, stdout } = Bun.spawnSync([nft, "list", "ruleset"], { stdout: "pipe", stderr: "ignore" });
    if (!success)
      return [good("firewall", "neither ufw nor firewalld is on; only root can read the rules of nftables")];
    if (/hook input [^}]*policy drop/.test(stdout.toString())) {
      return [
        limited("firewall", `nftables drops what no rule accepts: viewers on other machines need the ports ${ports}`),
      ];
    }
  }
  return [good("firewall", "no firewall was found")];
}
