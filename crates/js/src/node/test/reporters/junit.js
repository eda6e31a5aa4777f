// The reporter `junit`: XML as JUnit writes it.
'use strict';

const { inspect } = require('builtins/inspect/inspect');
const { hostname } = /** @type {any} */ (require('node/os/os'));
const { push, regExp, repeat, replaceAll, split } = require('builtins/primordials');

/** An element, or a comment. @typedef {{ tag?: string, comment?: string, nesting: number, attributes?: Record<string, any>, children?: any[], parent?: any }} Node */

const lineBreaks = regExp(/\r?\n/);

/** @param {string} text */
function escapedAttribute(text) {
  return replaceAll(escapedContent(`${text}`), '"', '&quot;').replaceAll('\n', '&#10;');
}
/** @param {string} text */
function escapedContent(text) {
  return replaceAll(replaceAll(replaceAll(`${text}`, '&', '&amp;'), '<', '&lt;'), '>', '&gt;');
}

/** @param {any} node @returns {string} */
function xml(node) {
  if (typeof node === 'string') return `${escapedContent(node)}\n`;
  const indent = repeat('\t', node.nesting + 1);
  if (node.comment !== undefined) return `${indent}<!-- ${replaceAll(node.comment, '--', '&#45;&#45;')} -->\n`;
  let attributes = '';
  const names = Object.keys(node.attributes);
  for (let index = 0; index < names.length; index += 1) {
    const value = node.attributes[names[index]];
    if (value !== undefined) attributes += ` ${names[index]}="${escapedAttribute(value)}"`;
  }
  if (node.children.length === 0) return `${indent}<${node.tag}${attributes}/>\n`;
  let children = '';
  for (let index = 0; index < node.children.length; index += 1) children += xml(node.children[index]);
  return `${indent}<${node.tag}${attributes}>\n${children}${indent}</${node.tag}>\n`;
}

/** @param {any} node @returns {boolean} */
const isFailure = (node) => node?.children?.some((/** @type {any} */ child) => child.tag === 'failure') || node?.attributes?.failures > 0;
/** @param {any} node @returns {boolean} */
const isSkipped = (node) => node?.children?.some((/** @type {any} */ child) => child.tag === 'skipped') || node?.attributes?.skipped > 0;

/** @param {AsyncIterable<{ type: string, data: any }>} source */
async function* junit(source) {
  yield '<?xml version="1.0" encoding="utf-8"?>\n';
  yield '<testsuites>\n';
  /** @type {any} */
  let current;
  /** @type {any[]} */
  const roots = [];

  /** @param {any} event */
  const start = ({ data }) => {
    const parent = current;
    current = { tag: 'testcase', attributes: { __proto__: null, name: data.name }, nesting: data.nesting, parent, children: [] };
    push(parent?.children ?? roots, current);
  };

  for await (const event of source) {
    const { type, data } = event;
    if (type === 'test:start') start(event);
    else if (type === 'test:pass' || type === 'test:fail') {
      if (current === undefined) start({ data: { name: 'root', nesting: 0 } });
      if (current.attributes.name !== data.name || current.nesting !== data.nesting) start(event);
      const done = current;
      const parent = current.nesting === data.nesting ? current.parent : current;
      current = parent;
      finish(done, data, type === 'test:fail');
      if (done.nesting === 0) {
        yield xml(done);
        roots.length = 0;
      }
    } else if (type === 'test:diagnostic') {
      const comment = { nesting: data.nesting, comment: data.message };
      if (current === undefined) yield xml(comment);
      else push(current.children, comment);
    }
  }
  yield '</testsuites>\n';
}

/** @param {any} node @param {any} data @param {boolean} failed */
function finish(node, data, failed) {
  const cases = node.children.filter((/** @type {any} */ child) => child.comment === undefined);
  const time = (data.details.duration_ms / 1000).toFixed(6);
  node.attributes.time = time;
  if (cases.length > 0) {
    node.tag = 'testsuite';
    node.attributes.disabled = 0;
    node.attributes.errors = 0;
    node.attributes.tests = cases.length;
    node.attributes.failures = cases.filter(isFailure).length;
    node.attributes.skipped = cases.filter(isSkipped).length;
    node.attributes.hostname = hostname();
    return;
  }
  node.attributes.classname = data.classname ?? 'test';
  if (data.file !== undefined) node.attributes.file = data.file;
  if (data.skip !== undefined) {
    push(node.children, { tag: 'skipped', nesting: node.nesting + 1, attributes: { type: 'skipped', message: data.skip }, children: [] });
  }
  if (data.todo !== undefined) {
    push(node.children, { tag: 'skipped', nesting: node.nesting + 1, attributes: { type: 'todo', message: data.todo }, children: [] });
  }
  if (!failed) return;
  const { error } = data.details;
  const lines = split(inspect(error), lineBreaks);
  const attributes = { type: error?.failureType ?? error?.code, message: error?.message ?? '' };
  push(node.children, { tag: 'failure', nesting: node.nesting + 1, attributes, children: [lines.join('\n')] });
  node.attributes.failure = error?.message ?? '';
}

module.exports = { junit };
