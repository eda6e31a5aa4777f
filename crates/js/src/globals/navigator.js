// `navigator` (https://html.spec.whatwg.org/#the-navigator-object), as far as WinterTC asks for it.
(function (ops, use) {
  'use strict';

  class Navigator {
    get userAgent() {
      return `Twinloop/${ops.processFacts().version}`;
    }
    get hardwareConcurrency() {
      return ops.parallelism();
    }
    get language() {
      return 'en-US';
    }
    get platform() {
      return ops.processFacts().platform;
    }
  }

  use('interfaces').defineInterface(Navigator);
  return { Navigator, navigator: new Navigator() };
})
