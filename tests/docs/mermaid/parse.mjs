// Reads {name: diagram} on stdin; prints {name: what Mermaid refuses} for those that it cannot draw.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.cwd()}/package.json`); // where npm installed
const { JSDOM } = require("jsdom");
const { window } = new JSDOM("");
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await import(pathToFileURL(`${process.cwd()}/node_modules/mermaid/dist/mermaid.core.mjs`));

const refused = {};
for (const [name, diagram] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
  try {
    await mermaid.parse(diagram);
  } catch (error) {
    refused[name] = String(error.message ?? error);
  }
}
console.log(JSON.stringify(refused));
