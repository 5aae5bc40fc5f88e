# Sourced by run.sh and sqlite.sh: builds the gateway of the peer benchmark and what it needs.
# PEER_BENCH is the folder of the harness (default ../shared/bench beside this repository); its README says what it needs.
# BENCH_TMP keeps what is built and loaded.
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

"$harness/dataset/pg.sh" up >/dev/null 2>&1 || true
psql -Xqd "$DATABASE_URL" -c 'SELECT 1 FROM posts LIMIT 1' >/dev/null 2>&1 || "$harness/dataset/pg.sh" load

# A bearer token of a user, signed with a secret that only this run knows. Everything that serve has on is on.
secret=$(head -c 32 /dev/urandom | base64)
ENTWINE_BENCH_TOKEN=$(ENTWINE_JWT_SECRET=$secret "$project/server" token --user 5 --for 24h)
export ENTWINE_BENCH_TOKEN
settings="ENTWINE_MIGRATIONS=external ENTWINE_MAX_PAGE_SIZE=1000 ENTWINE_JWT_SECRET=$secret"
