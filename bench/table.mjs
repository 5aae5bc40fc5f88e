// Writes a table of what the harness has measured: node bench/table.mjs results.jsonl. For each operation and number of connections it has the
// medians of the repeats, and what Entwine reaches of the limit (the better one) and of the best other peer. As in the harness's own table, runs
// beside which something else took more than 0.2 of a core do not count where there is a quieter one.
import { readFileSync } from "node:fs";

const [file, ours = "entwine"] = process.argv.slice(2);
const runs = new Map(); // operation, connections, peer: runs
const statements = new Map(); // operation, peer
for (const line of readFileSync(file, "utf8").split("\n").filter(Boolean)) {
  const r = JSON.parse(line);
  if (r.kind === "info") statements.set(`${r.op} ${r.peer}`, r.statements);
  if (r.kind !== "run") continue;
  const key = `${r.op} ${r.conc} ${r.peer}`;
  runs.set(key, [...(runs.get(key) ?? []), r]);
}
for (const [key, list] of runs) {
  const quiet = Math.max(0.2, Math.min(...list.map((r) => r.foreign ?? 0)));
  runs.set(key, list.filter((r) => (r.foreign ?? 0) <= quiet));
}
const distinct = (i) => [...new Set([...runs.keys()].map((k) => k.split(" ")[i]))];
const median = (list, of) => {
  const sorted = list.map(of).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const peers = distinct(2);
const best = (key, names) => Math.max(0, ...names.map((p) => runs.get(`${key} ${p}`)).filter(Boolean).map((list) => median(list, (r) => r.rps)));
const limits = peers.filter((p) => p.startsWith("limit"));
const others = peers.filter((p) => p !== ours && !limits.includes(p));
const milliseconds = (us) => (us / 1000).toPrecision(3);
const perRequest = (list, of) => (list.every((r) => r.requests) ? (1000 * median(list, (r) => of(r) / r.requests)).toFixed(3) : "");

console.log("| op | c | server | req/s | p50 ms | p99 ms | gateway ms | Postgres ms | statements | MiB | x limit | x best peer |");
console.log("|---|---|---|---|---|---|---|---|---|---|---|---|");
let errors = 0;
for (const op of distinct(0)) {
  for (const conc of distinct(1)) {
    const key = `${op} ${conc}`;
    for (const peer of peers) {
      const list = runs.get(`${key} ${peer}`);
      if (!list) continue;
      errors += list.reduce((sum, r) => sum + r.errors, 0);
      const rps = median(list, (r) => r.rps);
      const ratio = (names) => (peer === ours && best(key, names) > 0 ? (rps / best(key, names)).toFixed(2) : "");
      console.log(
        `| ${op} | ${conc} | ${peer === ours ? `**${peer}**` : peer} | ${Math.round(rps)} | ${milliseconds(median(list, (r) => r.p50))} | ${milliseconds(median(list, (r) => r.p99))} | ` +
          `${perRequest(list, (r) => r.gwCpu)} | ${perRequest(list, (r) => r.pgCpu)} | ` +
          `${statements.get(`${op} ${peer}`) ?? ""} | ${Math.round(Math.max(...list.map((r) => r.rss)) / 2 ** 20)} | ${ratio(limits)} | ${ratio(others)} |`,
      );
    }
  }
}
console.log(`\nErrors: ${errors}. Requests of the least measured point: ${Math.min(...[...runs.values()].flat().map((r) => r.requests))}.`);
