// Node's own `vm`: the plugin is a script that is compiled once and run in a fresh context for every call.
// It is given a function like `fetch`, over a client of Node's that keeps its connections, which adds the
// credential.
//
// Node says of `vm` that it is no security mechanism, and means it: what is given to the plugin leads it
// out of its context.

import { Agent, request } from "node:http";
import { createInterface } from "node:readline";
import { performance } from "node:perf_hooks";
import { Script, createContext } from "node:vm";

const [upstream] = process.argv.slice(2);
const PATH = "/api/v2/integration-schema/hubspot/actions/get_contact/execute";
const CREDENTIAL = { "x-api-key": "tk_bench_0123456789abcdef", linked_account_id: "customer@example.com" };
const agent = new Agent({ keepAlive: true });

const plugin = new Script(`
  (async () => {
    const response = await fetch(${JSON.stringify(PATH)}, {
      method: "POST",
      headers: { accept: "application/json", "content-type": "application/json" },
      body: parameters,
    });
    const answer = JSON.parse(await response.text());
    if (answer.node_status !== "Success") throw new Error("the call did not succeed");
    return JSON.stringify(answer.data);
  })()
`);

function fetch(path, { method, headers, body }) {
  return new Promise((resolve, reject) => {
    const sent = request(upstream + path, { agent, method, headers: { ...headers, ...CREDENTIAL } }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode, text: async () => Buffer.concat(chunks).toString() }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function call() {
  const context = createContext({ fetch, parameters: JSON.stringify({ limit: "1" }) });
  const data = await plugin.runInContext(context);
  if (!data.startsWith("{")) throw new Error(`no data: ${data}`);
}

async function round({ concurrency, millis }) {
  const latencies = [];
  const cpu = process.cpuUsage();
  const began = performance.now();
  const caller = async () => {
    while (performance.now() - began < millis) {
      const before = performance.now();
      await call();
      latencies.push((performance.now() - before) * 1e3);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  const seconds = (performance.now() - began) / 1e3;
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.round(share * (latencies.length - 1))];
  return {
    calls: latencies.length,
    seconds,
    cpu_seconds: (user + system) / 1e6,
    latencies_us: { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999) },
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await round(JSON.parse(line))) + "\n");
}
