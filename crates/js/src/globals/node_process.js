// `node:process`: its exports are the global `process` itself.
(function (ops, use) {
  'use strict';

  return use('process').process;
})
