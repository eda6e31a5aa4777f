// Runs one file of web-platform-tests in the place of its page: testharness.js, the scripts that its META lines name, then the file, all as
// classic scripts of the global scope. Writes the outcome as JSON; xtask/conformance/wpt.py reads it.
//
//   twinloop --location ADDRESS wpt.mjs CHECKOUT ADDRESS SECONDS RESULT
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import vm from "node:vm";

const [root, address, seconds, result] = process.argv.slice(2);
const url = new URL(address);
const source = await textOf(url);
const scripts = [...source.matchAll(/^\/\/\s*META:\s*script=(.*?)\s*$/gm)].map((match) => new URL(match[1], url));
const texts = await Promise.all(scripts.map(textOf));

/** What the server fills in comes from the server: it does so for every file that says `.sub.` in its name, and some it has elsewhere. */
async function textOf(script) {
  const file = path.join(root, script.pathname);
  const isServed = script.pathname.includes(".sub.") || !existsSync(file);
  return isServed ? (await fetch(script)).text() : readFileSync(file, "utf8");
}

const outcomes = ["PASS", "FAIL", "TIMEOUT", "NOTRUN", "PRECONDITION_FAILED"];
const exit = process.exit.bind(process);
const stringify = JSON.stringify;

function report(tests, { status, message }) {
  const failures = tests.filter((test) => test.status !== 0).map((test) => [outcomes[test.status], test.name, firstLine(test.message)]);
  const text = stringify({ passed: tests.length - failures.length, failures, status: ["OK", "ERROR", "TIMEOUT", "PRECONDITION_FAILED"][status], message });
  writeFileSync(result, text);
  exit(0);
}

function firstLine(text) {
  return String(text ?? "").split("\n")[0];
}

globalThis.GLOBAL = { isWindow: () => false, isWorker: () => true, isShadowRealm: () => false };
// What a test of interfaces takes the global object for, and what a page calls it.
if (url.pathname.includes("idlharness")) globalThis.Window = Object.getPrototypeOf(globalThis).constructor;
if (url.pathname.endsWith(".window.js")) globalThis.window = globalThis;
// What the server has as a file is imported as that file: modules are not fetched.
const importModuleDynamically = (specifier, _script, attributes) => {
  const target = new URL(specifier, url);
  const file = path.join(root, target.pathname);
  return import(target.origin === url.origin && existsSync(file) ? pathToFileURL(file).href : specifier, { with: { ...attributes } });
};
const run = (text, filename) => vm.runInThisContext(text, { filename, importModuleDynamically });
run(readFileSync(path.join(root, "resources/testharness.js"), "utf8"), "testharness.js");
globalThis.add_completion_callback(report);
// The harness' own limits are the page's; here the limit of the file counts. What nobody waits for any more has timed out as well.
const limit = setTimeout(() => globalThis.timeout(), seconds * 1000);
limit.unref();
// Nothing is left to wait for but what does not keep a program alive; a page would stay.
process.once("beforeExit", () => setTimeout(() => globalThis.timeout(), 3000));
for (let i = 0; i < scripts.length; i += 1) run(texts[i], scripts[i].pathname);
run(source, url.pathname);
