for (const name of ['sharp', 'better-sqlite3']) {
  try {
    const m = require(name);
    if (name === 'better-sqlite3') new m(':memory:');
    console.log(name, 'loaded');
  } catch (e) {
    console.log(name, e.constructor.name, e.message.split('\n')[0]);
  }
}
