// `node:assert/strict`: the functions without `strict` in their names are strict as well.
(function (ops, use) {
  'use strict';

  return use('node_assert').strict;
})
