// The number of terminal columns that a text takes: wide East Asian characters and emoji take two, combining marks none.
'use strict';

const { codePointAt, normalize, regExp, replace, slice, test } = require('builtins/primordials');
const printableAscii = regExp(/^[\x20-\x7e]*$/);
const style = regExp(/\u001b\[[\d;]*m/g);
const zeroWidth = regExp(/^[\p{Mn}\p{Me}\p{Cf}\x00-\x1f\x7f-\x9f]$/u);
const presentedAsEmoji = regExp(/^\p{Emoji_Presentation}$/u);

// Ranges of Unicode's East Asian Width W and F (https://www.unicode.org/reports/tr11/).
// biome-ignore format: a table
const wide = [
  [0x1100, 0x115f], [0x231a, 0x231b], [0x2329, 0x232a], [0x2e80, 0x303e], [0x3041, 0x33ff], [0x3400, 0x4dbf],
  [0x4e00, 0xa4cf], [0xa960, 0xa97c], [0xac00, 0xd7a3], [0xf900, 0xfaff], [0xfe10, 0xfe19], [0xfe30, 0xfe6f],
  [0xff01, 0xff60], [0xffe0, 0xffe6], [0x16fe0, 0x18cff], [0x1b000, 0x1b2fb], [0x1f200, 0x1f265], [0x20000, 0x3fffd],
];

/** @param {string} text */
function stringWidth(text) {
  if (test(printableAscii, text)) return text.length;
  const plain = normalize(replace(text, style, ''), 'NFC');
  let width = 0;
  let index = 0;
  while (index < plain.length) {
    const code = /** @type {number} */ (codePointAt(plain, index));
    const end = index + (code > 0xffff ? 2 : 1);
    const character = slice(plain, index, end);
    if (code < 0x300) width += code >= 0x20 && (code < 0x7f || code > 0x9f) && code !== 0xad ? 1 : 0;
    else if (!test(zeroWidth, character)) width += isWide(code, character) ? 2 : 1;
    index = end;
  }
  return width;
}

/** @param {number} code @param {string} character */
function isWide(code, character) {
  for (let index = 0; index < wide.length; index += 1) {
    if (code < wide[index][0]) break;
    if (code <= wide[index][1]) return true;
  }
  return test(presentedAsEmoji, character);
}

module.exports = stringWidth;
