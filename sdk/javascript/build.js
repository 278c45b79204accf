// Builds a component of a plugin: bundle, componentize, rename.
//
// The QuickJS tool takes every snapshot with WASI imports of its own, which clash with ours where both are
// of the package wasi:io. So ours have another first name while it is at work, and get their own back at the
// end: of the same length, which leaves every other byte of the component where it is.

import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** @typedef {typeof import("esbuild")} Esbuild */
/** @typedef {typeof import("componentize-qjs").componentize} Componentize */

const OURS = "wasi:";
const ALIAS = "host:";

/** The section of a component that holds its imports. */
const IMPORTS = 10;

/**
 * Builds a component of a plugin.
 *
 * @param {{ entry: string, wit: string, out: string }} paths of the plugin's module, the contract and the
 *   component
 * @param {{ esbuild: Esbuild, componentize: Componentize }} tools
 */
export async function build({ entry, wit, out }, { esbuild, componentize }) {
  const folder = dirname(out);
  const witPath = join(folder, "wit");
  await mkdir(folder, { recursive: true });
  await contract(wit, witPath);
  const { component } = await componentize({
    jsSource: await bundle(entry, esbuild),
    witPath,
    world: "javascript",
    stubWasi: true,
    sync: true,
  });
  await writeFile(out, renamed(component));
}

/**
 * Copies the WIT under the other name, and adds the world of this engine.
 *
 * @param {string} from
 * @param {string} to
 */
async function contract(from, to) {
  await rm(to, { recursive: true, force: true });
  await cp(from, to, { recursive: true, dereference: true });
  await cp(fileURLToPath(new URL("world.wit", import.meta.url)), join(to, "javascript.wit"));
  for (const file of await readdir(to, { recursive: true })) {
    if (!file.endsWith(".wit")) continue;
    const path = join(to, file);
    await writeFile(path, (await readFile(path, "utf8")).replaceAll(OURS, ALIAS));
  }
}

/**
 * Makes one module of the plugin and all that it imports.
 *
 * @param {string} entry
 * @param {Esbuild} esbuild
 */
async function bundle(entry, esbuild) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["quickjs"],
    target: "es2022",
    charset: "utf8",
    plugins: [
      {
        name: "host",
        setup: ({ onResolve }) =>
          onResolve({ filter: /^wasi:/ }, ({ path }) => ({
            path: path.replace(OURS, ALIAS),
            external: true,
          })),
      },
    ],
  });
  return outputFiles.map(({ text }) => text).join("");
}

/**
 * Gives the component's imports their own name back. Only there: within the component the other name is used
 * on both sides, and the engine's memory holds hashes of it.
 *
 * @param {Buffer} component
 */
function renamed(component) {
  let at = 8; // after the header
  const size = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = component.readUInt8(at++);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < component.length) {
    const section = component.readUInt8(at++);
    const end = size() + at;
    if (section === IMPORTS) rename(component.subarray(at, end));
    at = end;
  }
  return component;
}

/** @param {Buffer} imports */
function rename(imports) {
  for (let at = imports.indexOf(ALIAS); at >= 0; at = imports.indexOf(ALIAS, at)) imports.write(OURS, at);
}
