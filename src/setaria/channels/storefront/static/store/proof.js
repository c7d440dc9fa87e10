// A proof of work, done in a worker so that the page stays smooth. See trade/guard/work.py.
(() => {
  "use strict";

  /** Solve a challenge; `heard(share)` is told how far it may be. Resolves to the proof, or null where it cannot be. */
  window.Drop.prove = (workerUrl, challenge, heard) => new Promise((resolve) => {
    let worker;
    const end = (proof) => { worker?.terminate(); resolve(proof); };
    try {
      worker = new Worker(workerUrl);
    } catch {
      return end(null);
    }
    worker.onerror = () => end(null);
    worker.onmessage = ({ data }) => {
      if (data.solution) end(btoa(JSON.stringify({ challenge, solution: data.solution })));
      else if (data.failed) end(null);
      else heard(Math.min(1, data.counter / challenge.parameters.data.tries));
    };
    worker.postMessage(challenge.parameters);
  });
})();
