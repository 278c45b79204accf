// Runs before each script: says what is missing in one line, instead of a tool's many.

import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";

const missing =
  Number(process.versions.node.split(".")[0]) < 20
    ? `Node ${process.versions.node} is too old: install version 20 or later`
    : !existsSync("node_modules") && "the tools are not installed: run `npm ci`";
if (missing) {
  console.error(missing);
  process.exit(1);
}
mkdirSync("build", { recursive: true });
// A copy: jco writes imports of its own into the contract that it builds with, for what a plugin uses of Node.
rmSync("build/wit", { recursive: true, force: true });
cpSync("wit", "build/wit", { recursive: true, dereference: true });
