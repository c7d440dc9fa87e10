// Tries numbers until the key made of one begins as the challenge says: PBKDF2, which browsers run natively.
"use strict";

const TELL_EVERY = 10;

const bytes = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

onmessage = async ({ data: { nonce, salt, cost, keyLength, keyPrefix, data: { tries } } }) => {
  try {
    const password = new Uint8Array([...bytes(nonce), 0, 0, 0, 0]);
    const view = new DataView(password.buffer), at = password.length - 4, salted = bytes(salt);
    for (let counter = 0; counter < tries; counter += 1) {
      view.setUint32(at, counter);
      const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
      const derived = hex(await crypto.subtle.deriveBits(
        { name: "PBKDF2", hash: "SHA-256", salt: salted, iterations: cost }, key, keyLength * 8));
      if (derived.startsWith(keyPrefix)) return postMessage({ solution: { counter, derivedKey: derived } });
      if (counter % TELL_EVERY === 0) postMessage({ counter });
    }
    postMessage({ failed: true });
  } catch {
    postMessage({ failed: true }); // no crypto.subtle: not https, or a browser of long ago
  }
};
