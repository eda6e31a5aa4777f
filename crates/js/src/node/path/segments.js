// The segments of a path, of either kind, without those that are dots.
'use strict';

const { pop, push } = require('builtins/primordials');

/**
 * What is left without empty segments and `.`, and with each `..` taken back; `..` above the start stays unless the path is absolute.
 * @param {string[]} segments @param {boolean} absolute
 */
function withoutDots(segments, absolute) {
  /** @type {string[]} */
  const kept = [];
  for (let index = 0; index < segments.length; index += 1) {
    const segment = segments[index];
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') push(kept, segment);
    else if (kept.length > 0 && kept[kept.length - 1] !== '..') pop(kept);
    else if (!absolute) push(kept, '..');
  }
  return kept;
}

module.exports = { withoutDots };
