// Interface (https://nodejs.org/api/readline.html#class-interfaceconstructor): the lines of a stream; and on a terminal a line that the user
// edits, with a prompt and a history.
'use strict';

const { arraySlice, exec, filter, indexOf, isFinite, lastIndexOf, max, min, now, pop } = require('builtins/primordials');
const { Promise, push, regExp, repeat, replaceAll, resolve, shift, slice, splice } = require('builtins/primordials');
const { startsWith, stringIndexOf, symbolFor, test, trim, unshift } = require('builtins/primordials');
const { requireInteger } = require('node/arguments');
const { invalidValue, nodeError } = require('node/errors');
const EventEmitter = require('node/events/events');
const { clearScreenDown, cursorTo, moveCursor } = require('node/readline/cursor');
const { emitKeypressEvents } = require('node/readline/keys');
const { callable } = require('node/prototypes');
const { nextTick } = require('node/process/ticks');
const { StringDecoder } = require('node/string_decoder/string_decoder');
const loadWidth = () => require('builtins/inspect/string_width');

const lineEnd = regExp(/\r\n|\n|\r|\u2028|\u2029/);
const wordBefore = regExp(/(?:[^\w\s]+|\w+)\s*$/);
const wordAfter = regExp(/^(?:\s+|[^\w\s]+|\w+)\s*/);

/** @param {string} text */
const widthOf = (text) => loadWidth()(text);

class Interface extends EventEmitter {
  /** What was typed so far. */
  line = '';
  /** Where in it the cursor is. */
  cursor = 0;
  closed = false;
  paused = false;
  /** @type {string[]} */
  history;
  historySize;
  removeHistoryDuplicates;
  crlfDelay;
  escapeCodeTimeout;
  tabSize;
  input;
  output;
  terminal;
  completer;
  #prompt;
  #historyAt = -1;
  /** What entries of the history begin with, while one goes through them. @type {string | undefined} */
  #sought;
  /** Whether the next line belongs to the entry before it. */
  _joinsHistory = false;
  /** What is shown behind the line and below it, and is none of it. */
  #aside = false;
  /** @type {AsyncIterableIterator<string> | undefined} */
  #lines = undefined;
  /** @type {any} */
  #decoder = new /** @type {any} */ (StringDecoder)('utf8');
  #sawReturn = 0;
  #hasPartial = false;
  /** @type {((line: string) => void) | null} */
  #question = null;
  #oldPrompt = '';
  /** Rows of the terminal above the one that has the cursor. */
  #rowsAbove = 0;
  #killed = '';
  #wasTab = false;
  /** Whether the key that is told of was pressed by itself, and not within pasted text. */
  _sawKeyPress = false;
  isCompletionEnabled = true;
  /** @type {any} */
  #listeners;

  /** @param {any} input @param {any} [output] @param {any} [completer] @param {any} [terminal] */
  constructor(input, output, completer, terminal) {
    super();
    const options =
      input !== null && typeof input === 'object' && input.input !== undefined ? input : { input, output, completer, terminal };
    if (options.completer !== undefined) {
      if (typeof options.completer !== 'function') throw invalidValue('completer', options.completer);
    }
    const { history = [], historySize = 30, prompt = '> ', tabSize = 8 } = options;
    if (typeof historySize !== 'number' || !(historySize >= 0)) throw invalidValue('historySize', historySize);
    requireInteger(tabSize, 'tabSize', 1);
    this.input = options.input;
    this.output = options.output ?? undefined;
    this.completer = options.completer;
    this.terminal = options.terminal === undefined ? !!this.output?.isTTY : !!options.terminal;
    this.history = arraySlice(history, 0);
    this.historySize = historySize;
    this.removeHistoryDuplicates = !!options.removeHistoryDuplicates;
    this.crlfDelay = max(100, options.crlfDelay ?? 100);
    const { escapeCodeTimeout = 500 } = options;
    if (!isFinite(escapeCodeTimeout)) throw invalidValue('input.escapeCodeTimeout', escapeCodeTimeout);
    this.escapeCodeTimeout = escapeCodeTimeout;
    this.tabSize = tabSize;
    this.#prompt = `${prompt}`;
    if (options.signal) this.#closeBy(options.signal);
    this.#listeners = {
      data: (/** @type {any} */ chunk) => this.#onData(chunk),
      end: () => this.#onEnd(),
      error: (/** @type {any} */ error) => this.emit('error', error),
      keypress: (/** @type {any} */ text, /** @type {any} */ key) => this._ttyWrite(text, key),
    };
    this.input.on('error', this.#listeners.error);
    if (this.terminal) {
      emitKeypressEvents(this.input, this);
      this.input.on('keypress', this.#listeners.keypress);
      this.input.on('end', this.#listeners.end);
      this.#setRaw(true);
    } else {
      this.input.on('data', this.#listeners.data);
      this.input.on('end', this.#listeners.end);
    }
    this.input.resume();
  }

  /** @param {any} signal */
  #closeBy(signal) {
    const stop = () => this.close();
    if (signal.aborted) nextTick(stop);
    else {
      signal.addEventListener('abort', stop, { once: true });
      this.once('close', () => signal.removeEventListener('abort', stop));
    }
  }

  /** @param {boolean} on */
  #setRaw(on) {
    if (typeof this.input.setRawMode === 'function') this.input.setRawMode(on);
  }

  get columns() {
    // A terminal that was never given a size says 0.
    return this.output?.columns || Infinity;
  }

  getPrompt() {
    return this.#prompt;
  }
  /** @param {string} prompt */
  setPrompt(prompt) {
    this.#prompt = prompt;
  }

  /** @param {boolean} [preserveCursor] */
  prompt(preserveCursor) {
    if (this.closed) throw closedError();
    if (this.paused) this.resume();
    if (this.terminal) {
      if (!preserveCursor) this.cursor = 0;
      this.#refresh();
    } else this.output?.write(this.#prompt);
  }

  /** @param {string} query @param {any} options @param {any} [callback] */
  question(query, options, callback) {
    const done = typeof options === 'function' ? options : callback;
    if (this.closed) throw closedError();
    if (typeof done !== 'function') return;
    if (this.#question !== null) {
      this.prompt();
      return;
    }
    this.#oldPrompt = this.#prompt;
    this.setPrompt(query);
    this.#question = done;
    const { signal } = typeof options === 'object' && options !== null ? options : /** @type {any} */ ({});
    signal?.addEventListener('abort', () => this.#cancelQuestion(), { once: true });
    this.prompt();
  }

  #cancelQuestion() {
    if (this.#question === null) return;
    this.#question = null;
    this.setPrompt(this.#oldPrompt);
    this.#clear();
  }

  close() {
    if (this.closed) return;
    this.pause();
    if (this.terminal) this.#setRaw(false);
    this.closed = true;
    const { data, end, error, keypress } = this.#listeners;
    this.input.removeListener('data', data);
    this.input.removeListener('end', end);
    this.input.removeListener('error', error);
    this.input.removeListener('keypress', keypress);
    this.emit('close');
  }
  [Symbol.dispose]() {
    this.close();
  }

  pause() {
    if (this.closed) throw closedError();
    if (this.paused) return this;
    this.input.pause();
    this.paused = true;
    this.emit('pause');
    return this;
  }
  resume() {
    if (this.closed) throw closedError();
    if (!this.paused) return this;
    this.input.resume();
    this.paused = false;
    this.emit('resume');
    return this;
  }

  /** What the user might have typed. @param {any} data @param {any} [key] */
  write(data, key) {
    if (this.closed) throw closedError();
    if (this.paused) this.resume();
    if (this.terminal) this._ttyWrite(data, key ?? {});
    else if (data !== undefined && data !== null) this.#onData(data);
  }

  /** @returns {{ rows: number, cols: number }} */
  getCursorPos() {
    return this.#placeOf(this.#shown(slice(this.line, 0, this.cursor)));
  }

  /** With the prompt, also of more lines than one. @param {string} line */
  #shown(line) {
    return this.#prompt + replaceAll(line, '\n', '\n| ');
  }

  /** Where text ends when it is written from the first column on. @param {string} text */
  #placeOf(text) {
    const { columns } = this;
    let rows = 0;
    let cols = 0;
    const lines = text.split('\n');
    for (let index = 0; index < lines.length; index += 1) {
      if (index > 0) {
        rows += 1;
        cols = 0;
      }
      cols += widthOf(lines[index]);
      if (columns !== Infinity && cols >= columns) {
        rows += (cols - (cols % columns)) / columns;
        cols %= columns;
      }
    }
    return { rows, cols };
  }

  // ---- lines of a stream

  /** @param {any} chunk */
  #onData(chunk) {
    let text = typeof chunk === 'string' ? chunk : this.#decoder.write(chunk);
    if (text === '') return;
    // A return at the end of one chunk and a newline at the start of the next are one end of a line.
    if (this.#sawReturn > 0 && text[0] === '\n' && now() - this.#sawReturn <= this.crlfDelay) text = slice(text, 1);
    this.#sawReturn = text[text.length - 1] === '\r' ? now() : 0;
    let rest = (this.#hasPartial ? this.line : '') + text;
    this.#hasPartial = false;
    for (;;) {
      const found = exec(lineEnd, rest);
      if (found === null) break;
      const line = slice(rest, 0, found.index);
      rest = slice(rest, found.index + found[0].length);
      this.line = '';
      this.#onLine(line);
    }
    this.line = rest;
    this.#hasPartial = rest !== '';
  }

  #onEnd() {
    const rest = this.terminal ? this.line : (this.#hasPartial ? this.line : '') + this.#decoder.end();
    if (rest !== '' && !this.closed) {
      this.line = '';
      this.#onLine(rest);
    }
    this.close();
  }

  /** @param {string} line */
  #onLine(line) {
    const answer = this.#question;
    if (answer === null) {
      this.emit('line', line);
      return;
    }
    this.#question = null;
    this.setPrompt(this.#oldPrompt);
    answer(line);
  }

  // ---- a line that is edited

  #refresh() {
    const { output } = this;
    if (output === undefined) return;
    const text = this.#shown(this.line);
    if (this.#rowsAbove > 0) moveCursor(output, 0, -this.#rowsAbove);
    cursorTo(output, 0);
    clearScreenDown(output);
    output.write(text);
    const end = this.#placeOf(text);
    // The terminal wraps only when the next character comes.
    if (end.cols === 0) output.write(' ');
    const place = this.getCursorPos();
    cursorTo(output, place.cols);
    if (end.rows > place.rows) moveCursor(output, 0, place.rows - end.rows);
    this.#rowsAbove = place.rows;
    this.#aside = false;
  }

  _refreshLine() {
    this.#refresh();
  }

  /** Shows text behind the line and in one below it, until the next key. @param {string} behind @param {string} below */
  _showAside(behind, below) {
    const { output } = this;
    if (output === undefined || (behind === '' && below === '')) return;
    const place = this.getCursorPos();
    const end = this.#placeOf(this.#shown(this.line));
    let rows = end.rows - place.rows;
    if (rows > 0) moveCursor(output, 0, rows);
    cursorTo(output, end.cols);
    if (behind !== '') output.write(behind);
    if (below !== '') {
      output.write(`\r\n${below}`);
      rows += 1;
    }
    cursorTo(output, place.cols);
    if (rows > 0) moveCursor(output, 0, -rows);
    this.#aside = true;
  }

  _hideAside() {
    const { output } = this;
    if (!this.#aside || output === undefined) return;
    this.#aside = false;
    const place = this.getCursorPos();
    const end = this.#placeOf(this.#shown(this.line));
    const rows = end.rows - place.rows;
    if (rows > 0) moveCursor(output, 0, rows);
    cursorTo(output, end.cols);
    clearScreenDown(output);
    cursorTo(output, place.cols);
    if (rows > 0) moveCursor(output, 0, -rows);
  }

  /** What was typed stays on the screen, and a new line begins. */
  clearLine() {
    this.#clear();
  }

  /** A new line of the terminal, and nothing typed. */
  #clear() {
    const place = this.getCursorPos();
    const end = this.#placeOf(this.#shown(this.line));
    if (this.output !== undefined) {
      if (end.rows > place.rows) moveCursor(this.output, 0, end.rows - place.rows);
      this.output.write('\r\n');
    }
    this.line = '';
    this.cursor = 0;
    this.#rowsAbove = 0;
  }

  /** @param {string} text */
  #insert(text) {
    const isAtEnd = this.cursor === this.line.length;
    const before = this.#placeOf(this.#shown(this.line));
    this.line = slice(this.line, 0, this.cursor) + text + slice(this.line, this.cursor);
    this.cursor += text.length;
    // What is typed at the end of a row needs no more than to be shown.
    const after = this.#placeOf(this.#shown(this.line));
    if (isAtEnd && after.rows === before.rows) this.output?.write(text);
    else this.#refresh();
  }

  /** Takes away what is between two places. @param {number} from @param {number} to */
  #remove(from, to) {
    const removed = slice(this.line, from, to);
    this.line = slice(this.line, 0, from) + slice(this.line, to);
    this.cursor = from;
    this.#refresh();
    return removed;
  }

  /** @param {number} place */
  #moveTo(place) {
    this.cursor = max(0, min(this.line.length, place));
    this.#refresh();
  }

  #wordLeft() {
    const found = exec(wordBefore, slice(this.line, 0, this.cursor));
    return found === null ? 0 : this.cursor - found[0].length;
  }
  #wordRight() {
    const found = exec(wordAfter, slice(this.line, this.cursor));
    return found === null ? this.line.length : this.cursor + found[0].length;
  }

  #submit() {
    const { line } = this;
    this.#remember(line);
    this.cursor = line.length;
    this.#clear();
    this.#historyAt = -1;
    this.#onLine(line);
  }

  /** @param {string} line */
  #remember(line) {
    if (!this.terminal || this.historySize === 0) return;
    if (this._joinsHistory && this.history.length > 0) {
      this.history[0] += `\n${line}`;
      this.emit('history', this.history);
      return;
    }
    if (trim(line) === '' || this.history[0] === line) return;
    if (this.removeHistoryDuplicates) {
      const before = indexOf(this.history, line);
      if (before !== -1) splice(this.history, before, 1);
    }
    unshift(this.history, line);
    if (this.history.length > this.historySize) pop(this.history);
    this.emit('history', this.history);
  }

  /** The next entry that begins with what stood before the cursor, and is another. @param {1 | -1} direction towards the past or back */
  #recall(direction) {
    const sought = (this.#sought ??= this.#historyAt === -1 ? slice(this.line, 0, this.cursor) : '');
    let at = this.#historyAt + direction;
    while (at >= 0 && at < this.history.length && (!startsWith(this.history[at], sought) || this.history[at] === this.line))
      at += direction;
    if (at < -1 || at >= this.history.length) return;
    this.#historyAt = at;
    this.line = at === -1 ? sought : this.history[at];
    this.cursor = this.line.length;
    this.#refresh();
  }

  /** The same column of the line above or below, of more lines than one; false if there is none. @param {1 | -1} direction */
  #moveLine(direction) {
    const { cursor, line } = this;
    const start = lastIndexOf(slice(line, 0, cursor), '\n') + 1;
    const column = cursor - start;
    if (direction === -1) {
      if (start === 0) return false;
      const above = lastIndexOf(slice(line, 0, start - 1), '\n') + 1;
      this.#moveTo(min(above + column, start - 1));
      return true;
    }
    const end = stringIndexOf(line, '\n', cursor);
    if (end === -1) return false;
    const next = stringIndexOf(line, '\n', end + 1);
    this.#moveTo(min(end + 1 + column, next === -1 ? line.length : next));
    return true;
  }

  /** @param {boolean} isRepeated whether the key before this one was the same: then all that fits is shown */
  #complete(isRepeated) {
    const before = slice(this.line, 0, this.cursor);
    const show = (/** @type {any} */ error, /** @type {any} */ result) => {
      if (error || !result) return;
      const [found, part] = [result[0], result[1]];
      if (found.length === 0) return;
      // An empty text stands between groups.
      const common = commonStart(filter(found, (/** @type {string} */ each) => each !== ''));
      if (startsWith(common, part) && common.length > part.length) this.#insert(slice(common, part.length));
      else if (!startsWith(common, part)) {
        // What was asked for in other capitals.
        const from = this.cursor - part.length;
        this.line = slice(this.line, 0, from) + common + slice(this.line, this.cursor);
        this.cursor = from + common.length;
        this.#refresh();
      } else if (isRepeated) {
        this.output?.write(`\r\n${inColumns(found, this.columns)}\r\n`);
        this.#rowsAbove = 0;
        this.#refresh();
      }
    };
    if (this.completer.length === 2) this.completer(before, show);
    else {
      const result = this.completer(before);
      if (typeof result?.then === 'function') result.then((/** @type {any} */ value) => show(null, value), show);
      else show(null, result);
    }
  }

  /** A key, or text; whoever extends the class may have keys of its own. @param {any} text @param {any} [key] */
  _ttyWrite(text, key) {
    this.#onKey(text, key ?? {});
  }

  /** @param {any} text @param {any} key */
  #onKey(text, key) {
    if (key.ctrl && key.name === 'c') {
      if (this.listenerCount('SIGINT') > 0) this.emit('SIGINT');
      else this.close();
      return;
    }
    const action = key.ctrl ? ctrlKeys[key.name] : key.meta ? metaKeys[key.name] : plainKeys[key.name];
    if (action !== 'previous' && action !== 'next') this.#sought = undefined;
    if (action !== undefined) {
      this.#act(action);
      this.#wasTab = action === 'complete';
      return;
    }
    this.#wasTab = false;
    if (key.ctrl || key.meta || text === undefined || text === null || text === '') return;
    const lines = `${text}`.split(/\r\n|\n|\r/);
    for (let index = 0; index < lines.length; index += 1) {
      if (index > 0) this.#submit();
      if (lines[index] !== '') this.#insert(lines[index]);
    }
  }

  /** @param {string} action */
  #act(action) {
    const { cursor, line } = this;
    switch (action) {
      case 'submit':
        this.#submit();
        break;
      case 'backspace':
        if (cursor > 0) this.#remove(cursor - lengthBefore(line, cursor), cursor);
        break;
      case 'delete':
        if (cursor < line.length) {
          this.#remove(cursor, cursor + lengthAfter(line, cursor));
        }
        break;
      case 'end of input':
        if (cursor === 0 && line === '') this.close();
        else if (cursor < line.length) this.#remove(cursor, cursor + lengthAfter(line, cursor));
        break;
      case 'left':
        if (cursor > 0) this.#moveTo(cursor - lengthBefore(line, cursor));
        break;
      case 'right':
        if (cursor < line.length) this.#moveTo(cursor + lengthAfter(line, cursor));
        break;
      case 'home':
        this.#moveTo(0);
        break;
      case 'end':
        this.#moveTo(line.length);
        break;
      case 'word left':
        this.#moveTo(this.#wordLeft());
        break;
      case 'word right':
        this.#moveTo(this.#wordRight());
        break;
      case 'delete word left':
        this.#killed = this.#remove(this.#wordLeft(), cursor);
        break;
      case 'delete word right':
        this.#killed = this.#remove(cursor, this.#wordRight());
        break;
      case 'delete left':
        this.#killed = this.#remove(0, cursor);
        break;
      case 'delete right':
        this.#killed = this.#remove(cursor, line.length);
        break;
      case 'yank':
        this.#insert(this.#killed);
        break;
      case 'previous':
        if (!this.#moveLine(-1)) this.#recall(1);
        break;
      case 'next':
        if (!this.#moveLine(1)) this.#recall(-1);
        break;
      case 'clear screen':
        if (this.output !== undefined) {
          cursorTo(this.output, 0, 0);
          clearScreenDown(this.output);
          this.#rowsAbove = 0;
          this.#refresh();
        }
        break;
      default:
        if (typeof this.completer === 'function' && this.isCompletionEnabled) this.#complete(this.#wasTab);
        else this.#insert('\t');
    }
  }

  /** @returns {AsyncIterableIterator<string>} */
  [Symbol.asyncIterator]() {
    // One for all that ask: each line goes to one of them.
    this.#lines ??= linesOf(this);
    return this.#lines;
  }
}

/** @type {Record<string, string>} */
const plainKeys = {
  __proto__: /** @type {any} */ (null),
  return: 'submit',
  enter: 'submit',
  backspace: 'backspace',
  delete: 'delete',
  left: 'left',
  right: 'right',
  home: 'home',
  end: 'end',
  up: 'previous',
  down: 'next',
  tab: 'complete',
};
/** @type {Record<string, string>} */
const ctrlKeys = {
  __proto__: /** @type {any} */ (null),
  a: 'home',
  b: 'left',
  d: 'end of input',
  e: 'end',
  f: 'right',
  h: 'backspace',
  k: 'delete right',
  l: 'clear screen',
  n: 'next',
  p: 'previous',
  u: 'delete left',
  w: 'delete word left',
  y: 'yank',
  left: 'word left',
  right: 'word right',
};
/** @type {Record<string, string>} */
const metaKeys = {
  __proto__: /** @type {any} */ (null),
  b: 'word left',
  d: 'delete word right',
  f: 'word right',
  backspace: 'delete word left',
  delete: 'delete word right',
};

/** The length of the character before a place. @param {string} line @param {number} place */
function lengthBefore(line, place) {
  return test(pairEnd, slice(line, max(0, place - 2), place)) ? 2 : 1;
}
/** @param {string} line @param {number} place */
function lengthAfter(line, place) {
  return test(pairEnd, slice(line, place, place + 2)) ? 2 : 1;
}
const pairEnd = regExp(/^[\ud800-\udbff][\udc00-\udfff]$/);

/** @param {string[]} words */
function commonStart(words) {
  let common = words[0];
  for (let index = 1; index < words.length; index += 1) {
    let length = 0;
    while (length < common.length && common[length] === words[index][length]) length += 1;
    common = slice(common, 0, length);
  }
  return common;
}

/** Words below each other, groups apart. @param {string[]} words @param {number} width */
function inColumns(words, width) {
  let longest = 0;
  for (let index = 0; index < words.length; index += 1) longest = max(longest, widthOf(words[index]));
  const room = longest + 2;
  const most = width === Infinity || width < room ? 1 : (width - (width % room)) / room;
  let text = '';
  let inRow = 0;
  for (let index = 0; index < words.length; index += 1) {
    const isGap = words[index] === '';
    if (inRow > 0 && (isGap || inRow === most)) {
      text += '\r\n';
      inRow = 0;
    }
    if (isGap) text += '\r\n';
    else {
      const isLast = index + 1 === words.length || words[index + 1] === '' || inRow + 1 === most;
      text += isLast ? words[index] : words[index] + repeat(' ', room - widthOf(words[index]));
      inRow += 1;
    }
  }
  return text;
}

function closedError() {
  return nodeError(Error, 'ERR_USE_AFTER_CLOSE', 'readline was closed');
}

// BOUNDED: the input is paused while so many lines wait.
const mostWaiting = 1024;

/** @param {Interface} source @returns {AsyncIterableIterator<string>} */
function linesOf(source) {
  /** @type {string[]} */
  const waiting = [];
  /** @type {((result: IteratorResult<string>) => void)[]} */
  const asking = [];
  /** @type {((error: any) => void)[]} */
  const failing = [];
  let isOver = source.closed;
  /** @type {any} */
  let failure;
  const onLine = (/** @type {string} */ line) => {
    const ask = shift(asking);
    shift(failing);
    if (ask !== undefined) ask({ value: line, done: false });
    else {
      push(waiting, line);
      if (waiting.length >= mostWaiting) source.pause();
    }
  };
  const onClose = () => {
    isOver = true;
    for (let ask = shift(asking); ask !== undefined; ask = shift(asking)) ask({ value: undefined, done: true });
  };
  const onError = (/** @type {any} */ error) => {
    failure = error;
    isOver = true;
    const fail = shift(failing);
    shift(asking);
    if (fail !== undefined) {
      failure = undefined;
      fail(error);
    }
  };
  source.on('line', onLine);
  source.on('close', onClose);
  source.on('error', onError);
  const finish = () => {
    source.removeListener('line', onLine);
    source.removeListener('close', onClose);
    source.removeListener('error', onError);
    source.close();
    isOver = true;
  };
  return {
    next() {
      if (waiting.length > 0) {
        const value = /** @type {string} */ (shift(waiting));
        if (waiting.length === 0 && source.paused && !source.closed) source.resume();
        return resolve({ value, done: false });
      }
      if (failure !== undefined) {
        const error = failure;
        failure = undefined;
        return new Promise((_, fail) => fail(error));
      }
      if (isOver) return resolve({ value: undefined, done: true });
      return new Promise((answer, fail) => {
        push(asking, answer);
        push(failing, fail);
      });
    },
    return() {
      finish();
      return resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    [symbolFor('nodejs.watermarkData')]: {
      get size() {
        return waiting.length;
      },
      get isPaused() {
        return source.paused;
      },
      high: mostWaiting,
      low: 1,
    },
  };
}

module.exports = { Interface: callable(Interface) };
