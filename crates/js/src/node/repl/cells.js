// A cell of a notebook: a script that may await and import at its top level, whose declarations are properties of the global object, so that a
// cell can be run again.
'use strict';

const { exec, regExp, split } = require('builtins/primordials');
const { evaluateScript, promptScript } = ops;

/** How the script begins that `promptScript` makes. */
const declarations = regExp(/^var ([^;]+);/);

/**
 * Runs a cell: the names that it declares, and a promise for a function that gives its last value or throws what it threw. A rejection would be
 * nobody's until Python waits for it.
 * @param {string} code
 * @param {string} name
 * @returns {{ names: string[], done: Promise<() => any> }}
 */
function run(code, name) {
  // With something to wait for, every cell is of the form that awaits. On its first line, so that lines are its own.
  const script = promptScript(`await 0;${code}`);
  // What cannot be parsed fails here.
  if (script === undefined) return { names: [], done: settled(evaluateScript(code, name), false) };
  const found = exec(declarations, script);
  return { names: found === null ? [] : split(found[1], ', '), done: settled(evaluateScript(script, name), true) };
}

/** @param {any} result @param {boolean} isInside whether the value is a property of what comes */
async function settled(result, isInside) {
  try {
    const value = await result;
    return () => (isInside ? value?.value : value);
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

module.exports = { run };
