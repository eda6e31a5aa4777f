// What a terminal sends for keys, as `keypress` events (https://nodejs.org/api/readline.html#readlineemitkeypresseventsstream-interface): characters,
// control characters, and the sequences of xterm, rxvt and putty.
'use strict';

const { charCodeAt, codePointAt, fromCharCode, includes, regExp, exec, slice, test, toLowerCase } = require('builtins/primordials');
const { StringDecoder } = require('node/string_decoder/string_decoder');
const { clearTimeout, setTimeout } = require('web/html/timers');

/** @typedef {{ sequence: string, name: string | undefined, ctrl: boolean, meta: boolean, shift: boolean, code?: string }} Key */

// A lone escape is the key itself when nothing follows for so long (milliseconds).
const escapePause = 500;

const decoder = Symbol('keypress decoder');
const waiting = Symbol('keypress sequence that is not whole');

/** The names of sequences without what modifies them. @type {Record<string, string>} */
const names = {
  __proto__: /** @type {any} */ (null),
  OP: 'f1',
  OQ: 'f2',
  OR: 'f3',
  OS: 'f4',
  '[P': 'f1',
  '[Q': 'f2',
  '[R': 'f3',
  '[S': 'f4',
  '[11~': 'f1',
  '[12~': 'f2',
  '[13~': 'f3',
  '[14~': 'f4',
  '[15~': 'f5',
  '[17~': 'f6',
  '[18~': 'f7',
  '[19~': 'f8',
  '[20~': 'f9',
  '[21~': 'f10',
  '[23~': 'f11',
  '[24~': 'f12',
  '[A': 'up',
  '[B': 'down',
  '[C': 'right',
  '[D': 'left',
  '[E': 'clear',
  '[F': 'end',
  '[H': 'home',
  OA: 'up',
  OB: 'down',
  OC: 'right',
  OD: 'left',
  OE: 'clear',
  OF: 'end',
  OH: 'home',
  '[1~': 'home',
  '[2~': 'insert',
  '[3~': 'delete',
  '[4~': 'end',
  '[5~': 'pageup',
  '[6~': 'pagedown',
  '[7~': 'home',
  '[8~': 'end',
  '[200~': 'paste-start',
  '[201~': 'paste-end',
  '[Z': 'tab',
  // The console of Linux, and PuTTY.
  '[[A': 'f1',
  '[[B': 'f2',
  '[[C': 'f3',
  '[[D': 'f4',
  '[[E': 'f5',
  '[[5~': 'pageup',
  '[[6~': 'pagedown',
  // rxvt, with Shift or Ctrl held.
  '[a': 'up',
  '[b': 'down',
  '[c': 'right',
  '[d': 'left',
  '[e': 'clear',
  '[2$': 'insert',
  '[3$': 'delete',
  '[5$': 'pageup',
  '[6$': 'pagedown',
  '[7$': 'home',
  '[8$': 'end',
  Oa: 'up',
  Ob: 'down',
  Oc: 'right',
  Od: 'left',
  Oe: 'clear',
  '[2^': 'insert',
  '[3^': 'delete',
  '[5^': 'pageup',
  '[6^': 'pagedown',
  '[7^': 'home',
  '[8^': 'end',
};
const shifted = ['[a', '[b', '[c', '[d', '[e', '[2$', '[3$', '[5$', '[6$', '[7$', '[8$', '[Z'];
const controlled = ['Oa', 'Ob', 'Oc', 'Od', 'Oe', '[2^', '[3^', '[5^', '[6^', '[7^', '[8^'];

// Two escapes are one that is held (Alt) and one that begins a sequence.
const sequence = regExp(/^\u001b{1,2}(O\d?[A-Za-z]|\[\[?\d*(?:;\d+)*[~^$A-Za-z])/);
const unfinished = regExp(/^\u001b{1,2}(?:O\d?|\[\[?[\d;]*)?$/);
// What stands before the last character: the modifier, after the number of the key where it has one.
const numbered = regExp(/^\[(\d\d?)(?:;(\d))?([~^$])$/);
const lettered = regExp(/^([O[])(?:(?:\d;)?(\d))?([A-Za-z])$/);
const upper = regExp(/^[A-Z]$/);
const letter = regExp(/^[0-9A-Za-z]$/);

/** @param {string} text what a sequence is without its escapes @param {string} whole @returns {Key} */
function keyOfSequence(text, whole) {
  /** @type {Key} */
  const key = { sequence: whole, name: 'undefined', ctrl: false, meta: false, shift: false, code: text };
  const number = exec(numbered, text);
  const letter = exec(lettered, text);
  let code = text;
  if (number !== null) code = `[${number[1]}${number[3]}`;
  else if (letter !== null) code = `${letter[1]}${letter[3]}`;
  const modifier = +((number ?? letter)?.[2] ?? 1) - 1;
  key.code = code;
  key.name = names[code] ?? 'undefined';
  key.shift = (modifier & 1) !== 0 || includes(shifted, code);
  key.meta = (modifier & 10) !== 0;
  key.ctrl = (modifier & 4) !== 0 || includes(controlled, code);
  return key;
}

/** @param {string} character @param {string} escapes before it @returns {Key} */
function keyOfCharacter(character, escapes) {
  const escaped = escapes !== '';
  /** @type {Key} */
  const key = { sequence: escapes + character, name: undefined, ctrl: false, meta: escaped, shift: false };
  const code = charCodeAt(character, 0);
  if (character === '\r') key.name = 'return';
  else if (character === '\n') key.name = 'enter';
  else if (character === '\t') key.name = 'tab';
  else if (character === '\b' || character === '\u007f') key.name = 'backspace';
  else if (character === '\u001b') {
    key.name = 'escape';
  } else if (character === ' ') key.name = 'space';
  else if (code <= 26) {
    key.name = fromCharCode(code + 96);
    key.ctrl = true;
  } else if (test(letter, character)) {
    key.name = toLowerCase(character);
    key.shift = test(upper, character);
  } else if (escaped) {
    key.name = undefined;
  }
  return key;
}

/** @param {any} stream @param {Key} key */
function emit(stream, key) {
  const isText = key.name !== 'undefined' && !key.code && key.sequence.length <= 2 && !key.meta;
  stream.emit('keypress', isText || (!key.code && !key.meta) ? key.sequence : undefined, key);
}

/**
 * @param {any} stream @param {string} text
 * @param {any} [owner] is told whether a key stands alone, so that it was pressed, and whether it is the last: a Tab within pasted text is no question
 */
function feed(stream, text, owner) {
  let rest = text;
  while (rest !== '') {
    if (owner !== undefined) {
      owner._sawKeyPress = text.length === 1;
      owner.isCompletionEnabled = rest.length === 1 || rest[0] === '\u001b';
    }
    if (rest[0] === '\u001b') {
      const found = exec(sequence, rest);
      if (found !== null) {
        emit(stream, keyOfSequence(found[1], found[0]));
        rest = slice(rest, found[0].length);
        continue;
      }
      if (test(unfinished, rest)) break;
      const before = rest[1] === '\u001b' ? 2 : 1;
      emit(stream, keyOfCharacter(rest[before], slice(rest, 0, before)));
      rest = slice(rest, before + 1);
      continue;
    }
    const point = /** @type {number} */ (codePointAt(rest, 0));
    const length = point > 0xffff ? 2 : 1;
    emit(stream, keyOfCharacter(slice(rest, 0, length), ''));
    rest = slice(rest, length);
  }
  return rest;
}

/** @param {any} stream @param {any} [owner] the interface that waits for the rest of a sequence */
function emitKeypressEvents(stream, owner) {
  if (stream[decoder] !== undefined) return;
  stream[decoder] = new /** @type {any} */ (StringDecoder)('utf8');
  stream[waiting] = '';
  /** @type {any} */
  let timer;
  const flush = () => {
    const rest = stream[waiting];
    stream[waiting] = '';
    if (rest === '') return;
    const before = rest[1] === '\u001b' ? 1 : 0;
    // As Node has it, also where it stands alone.
    emit(stream, { ...keyOfCharacter('\u001b', slice(rest, 0, before)), meta: true });
    feed(stream, slice(rest, before + 1));
  };
  const onData = (/** @type {any} */ chunk) => {
    if (stream.listenerCount('keypress') === 0) {
      stream.removeListener('data', onData);
      stream.on('newListener', onListener);
      return;
    }
    clearTimeout(timer);
    stream[waiting] = feed(stream, stream[waiting] + stream[decoder].write(chunk), owner);
    if (owner !== undefined) owner.isCompletionEnabled = true;
    if (stream[waiting] !== '') timer = setTimeout(flush, owner?.escapeCodeTimeout ?? escapePause);
  };
  const onListener = (/** @type {any} */ event) => {
    if (event !== 'keypress') return;
    stream.on('data', onData);
    stream.removeListener('newListener', onListener);
  };
  if (stream.listenerCount('keypress') > 0) stream.on('data', onData);
  else stream.on('newListener', onListener);
}

module.exports = { emitKeypressEvents };
