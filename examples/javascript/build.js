// Builds build/plugin.wasm.

import { build } from "actionbox-guest/build";
import { componentize } from "componentize-qjs";
import * as esbuild from "esbuild";

const paths = { entry: "src/plugin.js", wit: "wit", out: "build/plugin.wasm" };
await build(paths, { esbuild, componentize });
