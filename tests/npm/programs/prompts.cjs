const prompts = require('prompts');
prompts.inject(['x', 4, true]);
prompts([
  { type: 'text', name: 'a', message: '?' },
  { type: 'number', name: 'b', message: '?' },
  { type: 'confirm', name: 'c', message: '?' },
]).then(console.log);
