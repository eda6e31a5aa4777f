// `navigator` (https://html.spec.whatwg.org/#the-navigator-object), as far as WinterTC asks for it.
'use strict';

const { defineInterface } = require('builtins/webidl');
const { hostFacts, parallelism } = ops;

class Navigator {
  get userAgent() {
    return `Twinloop/${hostFacts().version}`;
  }
  get hardwareConcurrency() {
    return parallelism();
  }
  get language() {
    return 'en-US';
  }
  get platform() {
    return hostFacts().platform;
  }
}

defineInterface(Navigator);
module.exports = { Navigator, navigator: new Navigator() };
