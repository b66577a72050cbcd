// Packages of the operating system that only widen the tests: one that cannot be installed does not stop the others.

import { expect, test } from "bun:test";
import { chmod, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MODULE = join(import.meta.dir, "../../scripts/setup/system-packages.ts");
/** Installs nginx only, and fails for a command that names another package. */
const APT_GET = `#!/bin/sh
case "$*" in
  *caddy*) echo "E: Unable to locate package caddy" >&2; exit 100 ;;
  *nginx*) echo "#!/bin/sh" > "$FOLDER/nginx"; chmod +x "$FOLDER/nginx" ;;
esac
`;

test.skipIf(process.getuid?.() !== 0)(
  "installWideningPackages: installs the packages that can be installed, and names those that are missing (as root)",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
    try {
      await Bun.write(join(folder, "apt-get"), APT_GET);
      await chmod(join(folder, "apt-get"), 0o755);
      for (const program of ["sh", "chmod"]) await symlink(Bun.which(program) ?? "", join(folder, program));
      const script = `const { installWideningPackages } = await import(${JSON.stringify(MODULE)});
        console.log(JSON.stringify(installWideningPackages(["nginx", "Caddy"], "test")));`;
      const { stdout, stderr } = Bun.spawnSync([process.execPath, "-e", script], {
        env: { PATH: folder, FOLDER: folder },
      });
      const output = stdout.toString() + stderr.toString();
      expect(output).toContain('["nginx"]');
      expect(output).toContain("Unable to locate package caddy");
      expect(output).toContain("without Caddy, some tests are skipped");
      expect(output).not.toContain("without nginx");
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
