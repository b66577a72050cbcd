// nginx and Caddy in front of a server, with the files of docs/proxies.md.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { selfSigned } from "./certificates.ts";

export type ProxyProgram = "nginx" | "caddy";

export interface RunningProxy extends AsyncDisposable {
  port: number;
}

/** The name in the files of the page. */
const NAME_IN_DOCS = "cams.example.org";
const PAGE = fileURLToPath(new URL("../../docs/proxies.md", import.meta.url));

/**
 * Starts a proxy for the server at `serverPort` of 127.0.0.1. It listens with TLS at a free port of 127.0.0.1 for the host `name`,
 * with a certificate that nobody knows. The end of the scope ends it.
 */
export async function startProxy(program: ProxyProgram, name: string, serverPort: number): Promise<RunningProxy> {
  const folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
  const { certificate, key } = await selfSigned(folder, "proxy", `DNS:${name}`);
  const port = freePort();
  const text = (await fileInDocs(program)).replaceAll(NAME_IN_DOCS, name).replaceAll(":10080", `:${serverPort}`);
  const config = join(folder, program);
  await writeFile(config, (program === "nginx" ? asNginx : asCaddy)(text, { folder, port, name, certificate, key }));
  const command = {
    nginx: ["nginx", "-c", config, "-e", "stderr"],
    caddy: ["caddy", "run", "--adapter", "caddyfile", "--config", config],
  }[program];
  const child = Bun.spawn(command, {
    env: { ...process.env, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, HOME: folder },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const complaints = child.stderr.text();
  const end = async () => {
    child.kill("SIGKILL");
    await child.exited;
    await rm(folder, { recursive: true });
  };
  for (let tries = 0; !(await isOpen(port)); tries++) {
    if (child.exitCode === null && tries < 500) {
      await Bun.sleep(20);
      continue;
    }
    await end();
    throw new Error(`${program} does not listen: ${await complaints}`);
  }
  return { port, [Symbol.asyncDispose]: end };
}

/** Returns the file of a proxy in the documentation. */
async function fileInDocs(program: ProxyProgram): Promise<string> {
  const language = program === "nginx" ? "nginx" : "caddyfile";
  const [, text] = new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "m").exec(await readFile(PAGE, "utf8")) ?? [];
  if (text === undefined) throw new Error(`docs/proxies.md has no file for ${program}`);
  return text;
}

interface Where {
  folder: string;
  port: number;
  name: string;
  certificate: string;
  key: string;
}

function asNginx(text: string, { folder, port, certificate, key }: Where): string {
  const site = text
    .replace("listen 443 ssl", `listen 127.0.0.1:${port} ssl`)
    .replace(/ssl_certificate .*;/, `ssl_certificate ${certificate};`)
    .replace(/ssl_certificate_key .*;/, `ssl_certificate_key ${key};`);
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  return `daemon off; master_process off; pid ${folder}/pid; events {} http { access_log off; ${paths.join(" ")}\n${site}}\n`;
}

function asCaddy(text: string, { port, name, certificate, key }: Where): string {
  const site = text.replace(
    `${name} {`,
    `https://${name}:${port} {\n    bind 127.0.0.1\n    tls ${certificate} ${key}`,
  );
  return `{\n    admin off\n    auto_https off\n    default_sni ${name}\n}\n${site}`;
}

/** A port that was free a moment ago. */
function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

async function isOpen(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return false; // it does not listen yet
  }
}
