#!/usr/bin/env bash
# Measures how cost grows with data and with use, and soaks the gateway: bench/growth.sh COMMAND [flags]. Without a command it
# says which there are. BENCH_TMP keeps what is built and loaded.
set -euo pipefail
cd "$(dirname "$0")/.."
export BENCH_TMP=${BENCH_TMP:-${TMPDIR:-/tmp}/peer-bench}
work=$BENCH_TMP/growth
project=$work/project
mkdir -p "$work"

go build -o "$work/growth" ./bench/growth
if [[ $# -gt 0 && $1 != plot && ${GROWTH_BUILD:-yes} = yes ]]; then
	rm -rf "$project"
	go run . new "$project" --module example.com/bench --no-generate
	rm -f "$project"/ent/schema/*.go "$project"/graph/*.graphql "$project"/graph/*.resolvers.go "$project"/*_test.go
	cp bench/schema/*.go bench/growth/schema/*.go "$project/ent/schema/"
	sed -i 's|^\( *\)\(\t*\)Open: .*|&\n\2Routes: observe.Routes,|; s|^import (|&\n\t"github.com/entwine-data/entwine/bench/growth/observe"|' "$project/server.go"
	(cd "$project" && go generate ./... && go build -trimpath -ldflags='-s -w' -o server .)
fi
exec "$work/growth" "$@" 
