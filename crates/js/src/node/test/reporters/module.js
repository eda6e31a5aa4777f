// `node:test/reporters` (https://nodejs.org/api/test.html#test-reporters).
'use strict';

const { dot } = require('node/test/reporters/dot');
const { junit } = require('node/test/reporters/junit');
const { LcovReporter } = require('node/test/reporters/lcov');
const { SpecReporter } = require('node/test/reporters/spec');
const { tap } = require('node/test/reporters/tap');

/** With or without `new`. */
function spec() {
  return new SpecReporter();
}
/** @param {any} [options] */
function lcov(options) {
  return new LcovReporter(options);
}

// As classes, which `compose` and the command line make one of.
spec.prototype = SpecReporter.prototype;
lcov.prototype = LcovReporter.prototype;

module.exports = { dot, junit, spec, tap, lcov };
