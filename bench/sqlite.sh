#!/usr/bin/env bash
# Measures the gateway on SQLite beside a server written by hand and PocketBase: bench/sqlite.sh [arguments of run.mjs]. The dataset comes
# from Postgres, from which the harness also takes the variables. See project.sh for the environment.
set -euo pipefail
cd "$(dirname "$0")/.."
source bench/project.sh
go build -o "$BENCH_TMP/limit-sqlite" ./bench/sqlite
[[ -x $BENCH_TMP/pbench ]] || (cd "$harness/peers/pocketbase" && go build -o "$BENCH_TMP/pbench" .)

file=$BENCH_TMP/sqlite/bench.db
if [[ ! -f $file ]]; then
	mkdir -p "$BENCH_TMP/sqlite/data"
	at="to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS created_at"
	while IFS='|' read -r table columns; do
		psql -Xqd "$DATABASE_URL" -c "\\copy (SELECT $columns FROM $table ORDER BY 1, 2) TO '$BENCH_TMP/sqlite/data/$table.csv' CSV HEADER"
	done <<-TABLES
		users|id, username, name, email, bio, cohort, $at
		tags|id, name
		posts|id, author_id, title, slug, body, status, $at
		comments|id, post_id, author_id, message, $at
		post_tags|post_id, tag_id
	TABLES
	"$project/server" migrate push --database-url "sqlite:$file.new" >/dev/null
	"$project/server" load "$BENCH_TMP/sqlite/data" --database-url "sqlite:$file.new" | tail -1
	mv "$file.new" "$file"
fi

# measure OPERATIONS FILE [arguments]
measure() {
	node "$harness/run.mjs" --peers limit-sqlite,entwine --base limit-sqlite --ops "$1" \
		--cmd "limit-sqlite=$BENCH_TMP/limit-sqlite -db $2,dialect=limit" \
		--cmd "entwine=env DATABASE_URL=sqlite:$2 $settings $project/server serve,dialect=entwine" --out measured-sqlite.jsonl "${@:3}"
}

table=$PWD/bench/table.mjs
cd "$BENCH_TMP"
rm -f measured-sqlite.jsonl
measure a,b,c,d,e,f,h "$file" "$@"
# Operation g writes, which would move the page that e asks for.
written=$BENCH_TMP/sqlite/written.db
rm -f "$written"*
cp "$file" "$written"
measure g "$written" "$@"
# PocketBase goes on with requests that nobody waits for any more, which would disturb what is measured after it.
node "$harness/run.mjs" --peers pocketbase --base pocketbase --out measured-sqlite.jsonl "$@"
node "$table" measured-sqlite.jsonl
