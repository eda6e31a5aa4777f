// What computing costs: the language itself, with no API of a runtime; prints one JSON object of milliseconds a run. Runs unchanged on
// Twinloop, Node, Bun and Deno.
//
// Usage: compute.mjs [MILLISECONDS [TEXT...]]     how long a case is measured (200 by default); only cases whose name contains one of the texts
//
// Each case does a few milliseconds of work and checks its result. Half of them spend their time in compiled code (loops, floats, typed
// arrays, objects), half in what an engine has of its own in C++ (strings, regular expressions, JSON, sorting, Map, BigInt, the collector).

import process from "node:process";

const [milliseconds = "200", ...wanted] = process.argv.slice(2);
const duration = Number(milliseconds);

/** A small generator of numbers, so that every runtime gets the same ones. */
function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

function equal(is, shall) {
  if (is !== shall) throw new Error(`${is} instead of ${shall}`);
}

const words = (() => {
  const next = random(7);
  return Array.from({ length: 4000 }, () => {
    let word = "";
    for (let left = 3 + Math.floor(next() * 8); left > 0; left -= 1) word += String.fromCharCode(97 + Math.floor(next() * 26));
    return word;
  });
})();
const text = words.join(" ");

/** How many functions were made: each has a source of its own, so that no runtime finds it in a cache. */
let made = 0;

const cases = {
  recursion() {
    const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
    equal(fib(24), 46368);
  },

  "floats, bodies in space"() {
    const next = random(3);
    const bodies = Array.from({ length: 5 }, () => ({ x: next(), y: next(), z: next(), vx: 0, vy: 0, vz: 0, mass: 1 + next() }));
    for (let step = 0; step < 3000; step += 1) {
      for (let i = 0; i < bodies.length; i += 1) {
        const a = bodies[i];
        for (let j = i + 1; j < bodies.length; j += 1) {
          const b = bodies[j];
          const dx = a.x - b.x;
          const dy = a.y - b.y;
          const dz = a.z - b.z;
          const squared = dx * dx + dy * dy + dz * dz + 0.01;
          const force = 0.0001 / (squared * Math.sqrt(squared));
          a.vx -= dx * b.mass * force;
          a.vy -= dy * b.mass * force;
          a.vz -= dz * b.mass * force;
          b.vx += dx * a.mass * force;
          b.vy += dy * a.mass * force;
          b.vz += dz * a.mass * force;
        }
      }
      for (const body of bodies) {
        body.x += body.vx;
        body.y += body.vy;
        body.z += body.vz;
      }
    }
    equal(Number.isFinite(bodies[0].x), true);
  },

  "typed arrays, a sieve"() {
    const sieve = new Uint8Array(200_000).fill(1);
    let count = 0;
    for (let number = 2; number < sieve.length; number += 1) {
      if (sieve[number] === 0) continue;
      count += 1;
      for (let multiple = number * 2; multiple < sieve.length; multiple += number) sieve[multiple] = 0;
    }
    equal(count, 17984);
  },

  "typed arrays, copies"() {
    const source = new Uint8Array(65536).map((_, index) => index & 255);
    let sum = 0;
    for (let round = 0; round < 60; round += 1) {
      const copy = source.slice(round);
      copy.set(source.subarray(0, 1000), 500);
      sum += copy.indexOf(255) + new Uint32Array(copy.buffer.slice(0, 4096)).length + copy.toReversed()[0];
    }
    equal(sum > 0, true);
  },

  "DataView"() {
    const view = new DataView(new ArrayBuffer(4096));
    let sum = 0;
    for (let round = 0; round < 100; round += 1) {
      for (let at = 0; at < 4096; at += 4) view.setUint32(at, at * round, at % 8 === 0);
      for (let at = 0; at < 4096; at += 4) sum = (sum + view.getUint32(at, at % 8 === 0)) >>> 0;
    }
    equal(sum > 0, true);
  },

  "classes and objects"() {
    class Node {
      #left = null;
      #right = null;
      constructor(key) {
        this.key = key;
      }
      insert(key) {
        if (key < this.key) {
          if (this.#left) this.#left.insert(key);
          else this.#left = new Node(key);
        } else if (this.#right) this.#right.insert(key);
        else this.#right = new Node(key);
      }
      get depth() {
        return 1 + Math.max(this.#left?.depth ?? 0, this.#right?.depth ?? 0);
      }
    }
    const next = random(11);
    const root = new Node(0.5);
    for (let count = 0; count < 10_000; count += 1) root.insert(next());
    equal(root.depth < 60, true);
  },

  "closures and array methods"() {
    let sum = 0;
    for (let round = 0; round < 20; round += 1) {
      sum += Array.from({ length: 5000 }, (_, index) => index)
        .map((value) => value * 2)
        .filter((value) => value % 3 === 0)
        .reduce((all, value) => all + value, 0);
    }
    equal(sum, 20 * 8_331_666 + 0);
  },

  "destructuring and spread"() {
    let all = { count: 0 };
    for (let index = 0; index < 10_000; index += 1) {
      const { a, b, ...rest } = { a: index, b: [index, index + 1], c: 3, d: 4 };
      const [first, ...others] = [...b, a, ...Object.values(rest)];
      all = { ...all, count: all.count + others.length, first };
    }
    equal(all.count, 40_000);
  },

  "generators and iterators"() {
    function* numbers(count) {
      for (let index = 0; index < count; index += 1) yield index;
    }
    let sum = 0;
    for (const number of numbers(50_000)) sum += number;
    for (const [index, number] of [1, 2, 3].entries()) sum += index * number;
    equal(sum, 1_249_975_008);
  },

  "Map and Set"() {
    const counts = new Map();
    for (let round = 0; round < 5; round += 1) for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    const seen = new Set(counts.keys());
    for (let key = 0; key < 20_000; key += 1) seen.add(key);
    for (const word of words) seen.delete(word);
    equal(seen.size, 20_000);
  },

  "sort numbers"() {
    const next = random(5);
    const numbers = Array.from({ length: 20_000 }, next);
    numbers.sort((a, b) => a - b);
    equal(numbers[0] <= numbers[1], true);
  },

  "sort strings"() {
    const sorted = words.toSorted();
    equal(sorted[0] <= sorted[1], true);
  },

  "strings built"() {
    let built = "";
    for (let index = 0; index < 30_000; index += 1) built += `${index % 10},`;
    equal(built.replaceAll(",", "").length, 30_000);
  },

  "strings cut and joined"() {
    const parts = text.split(" ").map((word) => word.toUpperCase().padStart(12, "-").slice(2).trim());
    equal(parts.join("|").includes("-"), true);
    equal(text.split("").length, text.length);
    let codes = 0;
    for (let index = 0; index < text.length; index += 1) codes += text.charCodeAt(index);
    equal(codes > 0, true);
  },

  "regular expressions"() {
    let found = 0;
    for (const [, first] of text.matchAll(/\b([a-e]\w+)\b/g)) found += first.length;
    equal(found > 0, true);
    equal(text.replace(/([aeiou])(\w)/g, (_, vowel, other) => other + vowel).length, text.length);
    equal(/^(\w+ )+\w+$/u.test(words.slice(0, 100).join(" ")), true);
  },

  "JSON"() {
    const rows = words.slice(0, 500).map((word, index) => ({ id: index, name: word, share: index / 7, tags: [word, "é"], ok: true, none: null }));
    equal(JSON.parse(JSON.stringify(rows)).length, 500);
    equal(JSON.parse(JSON.stringify(rows, null, 2), (_, value) => value).length, 500);
  },

  "numbers to text and back"() {
    let sum = 0;
    for (let index = 0; index < 5000; index += 1) {
      sum += Number.parseFloat(String(index / 7)) + Number((index * 1.5).toFixed(2)) + Number.parseInt((index * 31).toString(16), 16);
    }
    equal(Number.isFinite(sum), true);
  },

  BigInt() {
    let factorial = 1n;
    for (let number = 1n; number <= 300n; number += 1n) factorial *= number;
    equal(factorial.toString().length, 615);
    equal(factorial % 307n !== 0n, true);
  },

  "Proxy and Reflect"() {
    const target = { a: 1 };
    const proxy = new Proxy(target, {
      get: (object, key, receiver) => Reflect.get(object, key, receiver),
      set: (object, key, value, receiver) => Reflect.set(object, key, value, receiver),
      has: (object, key) => Reflect.has(object, key),
    });
    for (let index = 0; index < 10_000; index += 1) {
      proxy.a = proxy.a + 1;
      if (!("a" in proxy)) throw new Error("lost");
    }
    equal(target.a, 10_001);
  },

  "exceptions"() {
    let caught = 0;
    for (let index = 0; index < 2000; index += 1) {
      try {
        if (index % 2 === 0) throw new TypeError("even");
        null.x;
      } catch (error) {
        if (error.message.length > 0) caught += 1;
      }
    }
    equal(caught, 2000);
  },

  "garbage"() {
    let kept = [];
    for (let index = 0; index < 50_000; index += 1) {
      const one = { index, text: `item ${index}`, list: [index, index + 1], date: index % 100 === 0 ? new Date(index) : null };
      if (index % 50 === 0) kept.push(one);
      if (kept.length > 500) kept = kept.slice(250);
    }
    equal(kept.length > 0, true);
  },

  "Date and Intl"() {
    let length = 0;
    const format = new Intl.NumberFormat("en-US");
    for (let index = 0; index < 500; index += 1) {
      length += new Date(1e12 + index * 86_400_000).toISOString().length + format.format(index * 1234.5).length;
    }
    equal(length > 0, true);
  },

  "new functions, parsed and compiled"() {
    let sum = 0;
    for (let index = 0; index < 40; index += 1) {
      const body = Array.from({ length: 30 }, (_, line) => `if (x > ${line + index}) { y = y * 2 + x; } else { y += "${line}".length; }`).join("\n");
      made += 1;
      sum += new Function("x", `let y = ${made};\n${body}\nreturn y;`)(index);
    }
    equal(Number.isFinite(sum), true);
  },
};

/** Milliseconds of the best run, after as many as the compilers need. */
function measure(run) {
  const end = performance.now() + duration;
  let best = Infinity;
  for (let round = 0; round < 3 || performance.now() < end; round += 1) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

const results = {};
for (const [name, run] of Object.entries(cases)) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  results[name] = measure(run);
}
console.log(JSON.stringify(results));
