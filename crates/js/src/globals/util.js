(function (ops, use) {
  'use strict';
  const { inspect } = use('inspect');
  return { inspect };
})
