// mockdate, timekeeper and @sinonjs/fake-timers do what they do on Node.
const MockDate = require('mockdate');
const tk = require('timekeeper');
const FT = require('@sinonjs/fake-timers');
MockDate.set('2000-11-22');
console.log(new Date().toISOString(), Date.now(), new Date(2001, 1, 1) instanceof Date, Object.prototype.toString.call(new Date()));
MockDate.reset();
tk.freeze(new Date(1e12));
console.log(new Date().toISOString());
tk.reset();
const c = FT.install({ now: 5e11 });
(async () => {
  let n = 0;
  const p = (async () => {
    await new Promise((r) => setTimeout(r, 1000));
    n++;
  })();
  await c.tickAsync(1000);
  await p;
  console.log(n, Date.now(), c.countTimers());
  console.log(new Intl.DateTimeFormat('en-US', { timeZone: 'UTC' }).format());
  require('node:timers/promises');
  c.uninstall();
})();
