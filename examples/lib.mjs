// A JavaScript module that a Python program imports, and that imports Python itself.
import asyncio from 'python:asyncio';

export async function fetchData() {
  const response = await fetch('https://api.example.com/data');
  return response.json();
}

export async function sleepInPython(seconds) {
  return await asyncio.sleep(seconds, 'done');
}

export async function fail(reason) {
  throw new RangeError(reason);
}
