// What a terminal sends for keys, as `keypress` events (https://nodejs.org/api/readline.html#readlineemitkeypresseventsstream-interface): characters,
// control characters, and the sequences of xterm, rxvt and putty.
'use strict';

const { charCodeAt, codePointAt, fromCharCode, regExp, exec, slice, test, toLowerCase } = require('builtins/primordials');
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
};

const sequence = regExp(/^\u001b(O[A-Z]|\[\d*(?:;\d+)*[~^$A-Za-z])/);
const unfinished = regExp(/^\u001b(?:O|\[[\d;]*)?$/);
const parameters = regExp(/^\[(\d*)(?:;(\d+))?([~^$A-Za-z])$/);
const upper = regExp(/^[A-Z]$/);
const letter = regExp(/^[0-9A-Za-z]$/);

/** @param {string} text what a sequence is without its escape @returns {Key} */
function keyOfSequence(text) {
  /** @type {Key} */
  const key = { sequence: `\u001b${text}`, name: 'undefined', ctrl: false, meta: false, shift: false, code: text };
  const parts = exec(parameters, text);
  let code = text;
  if (parts !== null) {
    const modifier = parts[2] === undefined ? 0 : +parts[2] - 1;
    key.shift = (modifier & 1) !== 0;
    key.meta = (modifier & 10) !== 0;
    key.ctrl = (modifier & 4) !== 0;
    const isTilde = parts[3] === '~';
    code = `[${isTilde ? parts[1] : parts[2] === undefined ? parts[1] : ''}${parts[3]}`;
  }
  key.code = code;
  key.name = names[code] ?? 'undefined';
  if (code === '[Z') key.shift = true;
  return key;
}

/** @param {string} character @param {boolean} escaped @returns {Key} */
function keyOfCharacter(character, escaped) {
  /** @type {Key} */
  const key = { sequence: escaped ? `\u001b${character}` : character, name: undefined, ctrl: false, meta: escaped, shift: false };
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
        emit(stream, keyOfSequence(found[1]));
        rest = slice(rest, found[0].length);
        continue;
      }
      if (test(unfinished, rest)) break;
      if (rest[1] === '\u001b') {
        emit(stream, { ...keyOfCharacter('\u001b', true), meta: true });
        rest = slice(rest, 2);
        continue;
      }
      emit(stream, keyOfCharacter(rest[1], true));
      rest = slice(rest, 2);
      continue;
    }
    const point = /** @type {number} */ (codePointAt(rest, 0));
    const length = point > 0xffff ? 2 : 1;
    emit(stream, keyOfCharacter(slice(rest, 0, length), false));
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
    emit(stream, keyOfCharacter('\u001b', false));
    feed(stream, slice(rest, 1));
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
