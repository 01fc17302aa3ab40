// The package as npm would publish it, and a folder in which it is installed as npm installs it.
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { ROOT, run } from "../../scripts/lib/process.mjs";

/** The dependencies of the package; the tests have no registry, and take those of this clone. */
const DEPENDENCIES = ["ink", "miniflare", "react", "wrangler"];

/** Packs what `dist/` holds now, and answers where the tarball lies. */
export async function pack(folder: string): Promise<string> {
  const { stdout, output } = await run(`npm pack --silent --ignore-scripts --pack-destination "${folder}"`);
  const [name] = /\S+\.tgz(?=\s*$)/.exec(stdout) ?? [];
  if (name === undefined) throw new Error(`npm pack failed:\n${output}`);
  return join(folder, name);
}

/** Installs the tarball in a folder. npm finds the dependencies there already, and so asks no registry. */
export async function install(tarball: string, folder: string): Promise<void> {
  const modules = join(folder, "node_modules");
  await mkdir(modules, { recursive: true });
  for (const name of DEPENDENCIES) await symlink(join(ROOT, "node_modules", name), join(modules, name));
  const quiet = "--offline --ignore-scripts --no-audit --no-fund --no-package-lock";
  const { code, output } = await run(`npm install ${quiet} "${tarball}"`, { cwd: folder });
  if (code !== 0) throw new Error(`npm install failed:\n${output}`);
}
