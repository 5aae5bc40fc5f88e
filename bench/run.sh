#!/usr/bin/env bash
# Measures the gateway on Postgres beside others: bench/run.sh [arguments of run.mjs]. It ends with a table of medians and ratios, see
# table.mjs. See project.sh for its environment.
set -euo pipefail
cd "$(dirname "$0")/.."
source bench/project.sh
[[ -x $BENCH_TMP/limit-server && -x $BENCH_TMP/pbench ]] || "$harness/build.sh"
table=$PWD/bench/table.mjs
cd "$BENCH_TMP"
rm -f measured.jsonl
node "$harness/run.mjs" --cmd "entwine=env $settings $project/server serve,dialect=entwine" --out measured.jsonl "$@"
node "$table" measured.jsonl
