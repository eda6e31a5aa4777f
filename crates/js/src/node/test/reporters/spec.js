// The reporter `spec`: a tree for people, and the failing tests again at its end.
'use strict';

const { colors, errorText, indentation, symbols, testLine } = require('node/test/reporters/format');
const { process } = require('node/process/process');
const Stream = /** @type {any} */ (require('node/stream/module'));
const { pop, push, shift, unshift } = require('builtins/primordials');
const loadCoverage = () => require('node/test/coverage');
const loadPath = () => /** @type {any} */ (require('node/path/path'));

class SpecReporter extends Stream.Transform {
  /** Tests that began and were not shown, the innermost first. @type {any[]} */
  #begun = [];
  /** Those that were shown as parents. @type {any[]} */
  #shown = [];
  /** @type {any[]} */
  #failed = [];

  constructor() {
    super({ writableObjectMode: true });
  }

  /** @param {{ type: string, data: any }} event @param {any} _encoding @param {(error: any, text?: string) => void} callback */
  _transform({ type, data }, _encoding, callback) {
    callback(null, this.#text(type, data));
  }

  /** @param {(error: any, text?: string) => void} callback */
  _flush(callback) {
    callback(null, this.#failures());
  }

  /** @param {string} type @param {any} data */
  #text(type, data) {
    switch (type) {
      case 'test:start':
        unshift(this.#begun, data);
        return '';
      case 'test:pass':
        return this.#result('pass', data);
      case 'test:fail':
        if (data.details?.error?.failureType !== 'subtestsFailed') push(this.#failed, data);
        return this.#result('fail', data);
      case 'test:stderr':
      case 'test:stdout':
        return data.message;
      case 'test:diagnostic': {
        const tones = colors();
        const color = data.level === 'error' ? tones.red : data.level === 'warn' ? tones.yellow : tones.blue;
        return `${color}${indentation(data.nesting)}${symbols.diagnostic}${data.message}${tones.white}\n`;
      }
      case 'test:coverage': {
        const tones = colors();
        return `${tones.blue}${loadCoverage().coverageTable(symbols.diagnostic, data.summary)}${tones.white}`;
      }
      case 'test:summary':
        // In watch mode there is a summary after each run, which its failures follow.
        return data.file === undefined ? this.#failures() : '';
      case 'test:watch:restarted':
        return `\nRestarted at ${new Date().toLocaleString()}\n`;
      case 'test:interrupted': {
        const tones = colors();
        let text = `${tones.red}${symbols.fail}Interrupted while running:${tones.white}\n`;
        for (let index = 0; index < data.tests.length; index += 1) {
          const each = data.tests[index];
          const place = each.file === undefined ? '' : ` at ${each.file}:${each.line}:${each.column}`;
          text += `  ${symbols.arrow}${each.name}${place}\n`;
        }
        return text;
      }
      default:
        return '';
    }
  }

  /** @param {'pass' | 'fail'} kind @param {any} data */
  #result(kind, data) {
    shift(this.#begun);
    let prefix = '';
    while (this.#begun.length > 0) {
      const parent = pop(this.#begun);
      unshift(this.#shown, parent);
      prefix += `${indentation(parent.nesting)}${symbols.arrow}${parent.name}\n`;
    }
    const { 0: last } = this.#shown;
    const hasChildren = last !== undefined && last.nesting === data.nesting && last.name === data.name;
    if (hasChildren) shift(this.#shown);
    return `${testLine(kind, data, { prefix, indent: indentation(data.nesting), hasChildren })}\n`;
  }

  #failures() {
    if (this.#failed.length === 0) return '';
    const tones = colors();
    let text = `\n${tones.red}${symbols.fail}failing tests:${tones.white}\n`;
    for (let index = 0; index < this.#failed.length; index += 1) {
      const data = this.#failed[index];
      if (data.file) text += `\ntest at ${loadPath().relative(process.cwd(), data.file)}:${data.line}:${data.column}`;
      text += `\n${testLine('fail', data)}${errorText(data.details?.error, '')}`;
    }
    this.#failed = [];
    return text;
  }
}

module.exports = { SpecReporter };
