const { JSDOM } = require('jsdom');
const dom = new JSDOM('<!doctype html><p class="a">Hi <b>you</b></p><script>document.body.append("from script " + (1+1))</script>', {
  runScripts: 'dangerously',
  url: 'http://x.test/a?b',
});
const { document, Event, window } = dom.window;
console.log(document.querySelector('.a b').textContent, document.body.textContent, window.location.search);
let n = 0;
document.addEventListener('x', () => n++);
document.dispatchEvent(new Event('x'));
console.log(n, dom.serialize());
console.log(dom.window.eval('typeof window + [].constructor.name'));
dom.window.close();
