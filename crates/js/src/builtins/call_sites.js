// CallSites (https://v8.dev/docs/stack-trace-api): what `Error.prepareStackTrace` gets. Loaded when a program has set one.
//
// The engine keeps of a frame its function's name and its place. Receivers and functions, which V8 hides from strict code too, are
// undefined, and so every call counts as one at the top level.
'use strict';

const { exec, test } = require('builtins/primordials');

// `FILE line 3 > eval`, `FILE line 3 > Function`: the engine's names of code without a file.
const evaluated = /^(.*) line (\d+) > (?:eval|Function)$/;

class CallSite {
  #function;
  #file;
  #line;
  #column;

  /** @param {string | null} functionName @param {string} file @param {number} line @param {number} column */
  constructor(functionName, file, line, column) {
    this.#function = functionName;
    this.#file = file;
    this.#line = line;
    this.#column = column;
  }

  getFileName() {
    return this.isEval() ? undefined : this.#file;
  }
  getLineNumber() {
    return this.#line;
  }
  getColumnNumber() {
    return this.#column;
  }
  getFunctionName() {
    return this.isEval() ? 'eval' : this.#function || null;
  }
  getEvalOrigin() {
    const origin = exec(evaluated, this.#file);
    return origin === null ? undefined : `eval at <anonymous> (${origin[1]}:${origin[2]})`;
  }
  getScriptNameOrSourceURL() {
    return this.getFileName();
  }
  getEnclosingLineNumber() {
    return this.#line;
  }
  getEnclosingColumnNumber() {
    return this.#column;
  }
  getTypeName() {
    return null;
  }
  getMethodName() {
    return null;
  }
  getThis() {
    return undefined;
  }
  getFunction() {
    return undefined;
  }
  getPosition() {
    return 0;
  }
  getPromiseIndex() {
    return null;
  }
  getScriptHash() {
    return '';
  }
  isToplevel() {
    return true;
  }
  isEval() {
    return test(evaluated, this.#file);
  }
  isNative() {
    return false;
  }
  isConstructor() {
    return false;
  }
  isAsync() {
    return false;
  }
  isPromiseAll() {
    return false;
  }
  toString() {
    const place = `${this.isEval() ? `${this.getEvalOrigin()}, <anonymous>` : this.#file}:${this.#line}:${this.#column}`;
    const name = this.getFunctionName();
    return name === null ? place : `${name} (${place})`;
  }
}

/** The frames as Rust has them, four values each. @param {...any} values */
function callSites(...values) {
  const sites = [];
  for (let at = 0; at < values.length; at += 4) {
    sites[sites.length] = new CallSite(values[at], values[at + 1], values[at + 2], values[at + 3]);
  }
  return sites;
}

module.exports = { callSites };
