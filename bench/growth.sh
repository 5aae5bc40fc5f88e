#!/usr/bin/env bash
# Measures how cost grows with data and with use, and soaks the gateway: bench/growth.sh COMMAND [flags]. Without a command it
# says which there are. BENCH_TMP keeps what is built and loaded; Postgres is that of the peer benchmark (see README.md), or another
# one by -server.
set -euo pipefail
cd "$(dirname "$0")/.."
export BENCH_TMP=${BENCH_TMP:-${TMPDIR:-/tmp}/peer-bench}
mkdir -p "$BENCH_TMP/growth"
program=$BENCH_TMP/growth/growth
project=$BENCH_TMP/growth/project

go build -o "$program" ./bench/growth
if [[ $# -gt 0 && $1 != plot ]]; then
	rm -rf "$project"
	go run . new "$project" --module example.com/bench --no-generate >/dev/null
	rm -f "$project"/ent/schema/*.go "$project"/graph/*.graphql "$project"/graph/*.resolvers.go "$project"/*_test.go
	cp bench/schema/*.go bench/growth/schema/*.go "$project/ent/schema/"
	sed -i 's|^import (|&\n\t"github.com/entwine-data/entwine/bench/growth/observe"|; s|^\t\tOpen: .*|&\n\t\tRoutes: observe.Routes,|' "$project/server.go"
	(cd "$project" && go generate ./... && go build -trimpath -ldflags='-s -w' -o server .)
	harness=${PEER_BENCH:-../shared/bench}
	[[ ! -d $harness ]] || "$harness/dataset/pg.sh" up >/dev/null 2>&1 || true # it may be up
fi
exec "$program" "$@"
