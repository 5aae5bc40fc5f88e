#!/usr/bin/env bash
# Measures the gateway on Postgres beside others: bench/run.sh [arguments of run.mjs]. See project.sh for its environment.
set -euo pipefail
cd "$(dirname "$0")/.."
source bench/project.sh
[[ -x $BENCH_TMP/limit-server ]] || "$harness/build.sh"
cd "$BENCH_TMP"
exec node "$harness/run.mjs" --cmd "entwine=env $settings $project/server serve,dialect=entwine" "$@"
