// Write Actionbox plugins in TypeScript. The sources are the JavaScript SDK's, whose JSDoc types are read.

export * from "./src/index.js";
