// Fails when an installed package has a licence that the product may not ship or build with.
import { readFileSync } from "node:fs";

const allowed = new Set([
  "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "CC-BY-4.0", "CC0-1.0", "ISC", "MIT",
  "MIT-0", "MPL-2.0", "Python-2.0", "Unlicense", "Zlib",
]);
// Weak copyleft per file (MPL-2.0) is met by build tools only; nothing of it is in the bundle.
const lock = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"));
const ok = (text) => text.replace(/[()]/g, "").split(/ OR /).some((part) => part.split(/ AND /).every((l) => allowed.has(l.trim())));
const wrong = Object.entries(lock.packages)
  .filter(([path]) => path !== "")
  .filter(([, p]) => !p.optional || p.license)
  .filter(([, p]) => !ok(p.license ?? "none"))
  .map(([path, p]) => `${path}: ${p.license ?? "no licence named"}`);
if (wrong.length > 0) {
  console.error(`licences that are not allowed:\n${wrong.join("\n")}`);
  process.exit(1);
}
console.log(`licences of ${Object.keys(lock.packages).length - 1} npm packages: all allowed`);
