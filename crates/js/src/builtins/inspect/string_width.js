// The number of terminal columns that a text takes: wide East Asian characters and emoji take two, combining marks none.
'use strict';

const printableAscii = /^[\x20-\x7e]*$/;
const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}\x00-\x1f\x7f-\x9f]$/u;
const presentedAsEmoji = /^\p{Emoji_Presentation}$/u;

// Ranges of Unicode's East Asian Width W and F (https://www.unicode.org/reports/tr11/).
// biome-ignore format: a table
const wide = [
  [0x1100, 0x115f], [0x231a, 0x231b], [0x2329, 0x232a], [0x2e80, 0x303e], [0x3041, 0x33ff], [0x3400, 0x4dbf],
  [0x4e00, 0xa4cf], [0xa960, 0xa97c], [0xac00, 0xd7a3], [0xf900, 0xfaff], [0xfe10, 0xfe19], [0xfe30, 0xfe6f],
  [0xff01, 0xff60], [0xffe0, 0xffe6], [0x16fe0, 0x18cff], [0x1b000, 0x1b2fb], [0x1f200, 0x1f265], [0x20000, 0x3fffd],
];

module.exports = function stringWidth(text) {
  if (printableAscii.test(text)) return text.length;
  let width = 0;
  for (const character of text.replace(/\u001b\[[\d;]*m/g, '').normalize('NFC')) {
    const code = character.codePointAt(0);
    if (code < 0x300) width += code >= 0x20 && (code < 0x7f || code > 0x9f) && code !== 0xad ? 1 : 0;
    else if (!zeroWidth.test(character)) width += isWide(code, character) ? 2 : 1;
  }
  return width;
};

function isWide(code, character) {
  for (const [first, last] of wide) {
    if (code < first) break;
    if (code <= last) return true;
  }
  return presentedAsEmoji.test(character);
}
