// JavaScript awaits Python coroutines: `import` finds the standard library, the environment's packages, and the .py files beside this one.
import asyncio from 'python:asyncio';
import { greet, fail } from 'python:greetings';

await asyncio.sleep(0.1);
console.log('slept 0.1 s on the Python side');

console.log(await greet('JavaScript'));

try {
  await fail('no such greeting');
} catch (error) {
  console.log('caught in JavaScript:', `${error.name}: ${error.message}`);
}
