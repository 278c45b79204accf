// Runs before each script: says what is missing in one line, instead of a tool's many.

import { existsSync, mkdirSync } from "node:fs";

const missing =
  Number(process.versions.node.split(".")[0]) < 20
    ? `Node ${process.versions.node} is too old: install version 20 or later`
    : !existsSync("node_modules") && "the tools are not installed: run `npm ci`";
if (missing) {
  console.error(missing);
  process.exit(1);
}
mkdirSync("build", { recursive: true });
