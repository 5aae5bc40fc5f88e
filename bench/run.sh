#!/usr/bin/env bash
# Builds the gateway of the peer benchmark and measures it beside others: bench/run.sh [arguments of run.mjs].
# PEER_BENCH is the folder of the harness (default ../shared/bench beside this repository); its README says what it needs.
# BENCH_TMP keeps what is built and loaded.
set -euo pipefail
cd "$(dirname "$0")/.."
harness=$(realpath "${PEER_BENCH:-../shared/bench}")
export BENCH_TMP=${BENCH_TMP:-${TMPDIR:-/tmp}/peer-bench}
export DATABASE_URL=${DATABASE_URL:-postgres://postgres@127.0.0.1:55432/bench}
mkdir -p "$BENCH_TMP"

project=$BENCH_TMP/entwine-project
rm -rf "$project"
go run . new "$project" --module example.com/bench --no-generate
rm -f "$project"/ent/schema/*.go "$project"/graph/*.graphql "$project"/graph/*.resolvers.go "$project"/*_test.go
cp bench/schema/*.go "$project/ent/schema/"
(cd "$project" && go generate ./... && go build -trimpath -ldflags='-s -w' -o server .)

[[ -x $BENCH_TMP/limit-server ]] || "$harness/build.sh"
"$harness/dataset/pg.sh" up >/dev/null 2>&1 || true
psql -Xqd "$DATABASE_URL" -c 'SELECT 1' >/dev/null 2>&1 || "$harness/dataset/pg.sh" load

# A bearer token of a user, signed with a secret that only this run knows. Everything that serve has on is on.
secret=$(head -c 32 /dev/urandom | base64)
export ENTWINE_BENCH_TOKEN=$(ENTWINE_JWT_SECRET=$secret "$project/server" token --user 5 --for 24h)
run="env ENTWINE_MIGRATIONS=external ENTWINE_MAX_PAGE_SIZE=1000 ENTWINE_JWT_SECRET=$secret"
cd "$BENCH_TMP"
exec node "$harness/run.mjs" --cmd "entwine=$run $project/server serve,dialect=entwine" "$@"
