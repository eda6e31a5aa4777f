// What cryptography costs, in the web's interface and in Node's; prints one JSON object of nanoseconds a call. Runs unchanged on Twinloop, Node, Bun and Deno.
//
// Usage: crypto.mjs [MILLISECONDS [TEXT...]]     how long a case is measured (40 by default); only cases whose name contains one of the texts
//
// A case is a loop of its own, and leaves what it made in `sink`. What a runtime lacks is null in the object, with the reason on standard error.

import crypto from "node:crypto";
import process from "node:process";
import { measure } from "./measure.mjs";

const [milliseconds = "40", ...wanted] = process.argv.slice(2);
const duration = Number(milliseconds);
const { subtle } = globalThis.crypto;

export let sink;

const kilobyte = new Uint8Array(1024).fill(97);
const megabyte = new Uint8Array(1024 * 1024).fill(97);
const text = "a".repeat(1024);
const iv = new Uint8Array(12);
const message = new Uint8Array(64).fill(98);

/** By name: what makes ready once, and gives a function that makes `count` calls. */
const cases = {
  "createHash sha256 1 KB": () => (count) => {
    for (let i = 0; i < count; i += 1) sink = crypto.createHash("sha256").update(kilobyte).digest();
  },
  "createHash sha256 1 KB string, hex": () => (count) => {
    for (let i = 0; i < count; i += 1) sink = crypto.createHash("sha256").update(text).digest("hex");
  },
  "createHash sha256 1 MB": () => (count) => {
    for (let i = 0; i < count; i += 1) sink = crypto.createHash("sha256").update(megabyte).digest();
  },
  "createHmac sha256 1 KB": () => (count) => {
    for (let i = 0; i < count; i += 1) sink = crypto.createHmac("sha256", "a key").update(kilobyte).digest();
  },
  randomUUID: () => (count) => {
    for (let i = 0; i < count; i += 1) sink = globalThis.crypto.randomUUID();
  },
  "randomBytes 16": () => (count) => {
    for (let i = 0; i < count; i += 1) sink = crypto.randomBytes(16);
  },
  "createCipheriv aes-256-gcm 1 KB": () => {
    const key = crypto.randomBytes(32);
    return (count) => {
      for (let i = 0; i < count; i += 1) {
        const cipher = crypto.createCipheriv("aes-256-gcm", key, iv);
        sink = cipher.update(kilobyte);
        cipher.final();
      }
    };
  },
  "subtle.digest SHA-256 1 KB": () => async (count) => {
    for (let i = 0; i < count; i += 1) sink = await subtle.digest("SHA-256", kilobyte);
  },
  "subtle.digest SHA-256 1 MB": () => async (count) => {
    for (let i = 0; i < count; i += 1) sink = await subtle.digest("SHA-256", megabyte);
  },
  "subtle.encrypt AES-GCM 1 KB": async () => {
    const key = await subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt"]);
    return async (count) => {
      for (let i = 0; i < count; i += 1) sink = await subtle.encrypt({ name: "AES-GCM", iv }, key, kilobyte);
    };
  },
  ...signing("Ed25519", { name: "Ed25519" }),
  ...signing("ECDSA P-256", { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }),
};

function signing(name, algorithm) {
  const pair = () => subtle.generateKey(algorithm, false, ["sign", "verify"]);
  return {
    [`subtle.sign ${name}`]: async () => {
      const { privateKey } = await pair();
      return async (count) => {
        for (let i = 0; i < count; i += 1) sink = await subtle.sign(algorithm, privateKey, message);
      };
    },
    [`subtle.verify ${name}`]: async () => {
      const { privateKey, publicKey } = await pair();
      const signature = await subtle.sign(algorithm, privateKey, message);
      return async (count) => {
        for (let i = 0; i < count; i += 1) sink = await subtle.verify(algorithm, publicKey, signature, message);
      };
    },
  };
}

const results = {};
for (const [name, make] of Object.entries(cases)) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  try {
    results[name] = await measure(await make(), duration);
  } catch (error) {
    results[name] = null;
    console.error(`${name}: ${error}`);
  }
}
console.log(JSON.stringify(results));
