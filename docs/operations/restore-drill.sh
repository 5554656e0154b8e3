#!/usr/bin/env bash
# Proves that a backup can be restored: dumps the books of an embedded cluster, restores them into a new one, and verifies every
# organization against heads that were kept before the dump. Nothing of the first cluster is changed, except that a drill without
# DATA_DIR makes books of its own.
#
#   docs/operations/restore-drill.sh LEDGERD [DATA_DIR]
set -euo pipefail

ledgerd=$(realpath "$1")
scratch=$(mktemp -d)
chmod 755 "$scratch" # the server may run as another user
source_dir=${2:-$scratch/source}
target_dir=$scratch/target
keepers=()

finish() {
    for keeper in "${keepers[@]}"; do
        kill -TERM "$keeper" 2>/dev/null && wait "$keeper" 2>/dev/null || true
    done
    rm -rf "$scratch"
}
trap finish EXIT

say() { printf '== %s\n' "$*"; }
fail() { printf 'the drill failed: %s\n' "$*" >&2; exit 1; }

# Commands work on the cluster that is named, whatever the caller's environment says.
unset DATABASE_URL LEDGERD_DATABASE_URL LEDGERD_ADMIN_URL LEDGERD_DATA_DIR LEDGERD_CONFIG LEDGERD_LISTEN
books() { "$ledgerd" --quiet --data-dir "$source_dir" "$@"; }

# An embedded cluster runs for as long as somebody uses it.
keep_running() {
    "$ledgerd" serve --listen 127.0.0.1:0 --data-dir "$1" --set webhooks.enabled=false 2>"$scratch/log" &
    keepers+=($!)
    for _ in $(seq 600); do
        grep -q '^listening on ' "$scratch/log" && return
        kill -0 "${keepers[-1]}" 2>/dev/null || { cat "$scratch/log" >&2; fail "the cluster in $1 does not start"; }
        sleep 0.1
    done
    fail "the cluster in $1 does not answer"
}

# Where a running cluster is, for the tools of Postgres.
enter() {
    local pid=$1/cluster/postmaster.pid
    bin=$(dirname "$(sed -n '1s/^"\{0,1\}\([^" ]*\).*/\1/p' "$1/cluster/postmaster.opts")")
    PGPORT=$(sed -n 4p "$pid")
    PGHOST=$(sed -n 5p "$pid")
    PGUSER=postgres
    PGPASSWORD=$(cat "$1/secrets/postgres")
    export PGPORT PGHOST PGUSER PGPASSWORD
}

if [[ $# -lt 2 ]]; then
    say "making books"
    books org create drill --name "Drill" --currency USD >/dev/null
    books account open --org drill 1000 --type asset >/dev/null
    books account open --org drill 4000 --type revenue >/dev/null
    for day in 01 02 03; do
        books entry post --org drill --date "2026-01-$day" --description "before the dump" --debit 1000=10.00 --credit 4000=10.00 >/dev/null
    done
fi
keep_running "$source_dir"
mapfile -t slugs < <(books org list --format csv | tail -n +2 | cut -d, -f1)
((${#slugs[@]})) || fail "there are no organizations in $source_dir"

say "keeping heads of ${#slugs[@]} organization(s)"
for slug in "${slugs[@]}"; do
    books verify --org "$slug" --save-head "$scratch/heads" >/dev/null || fail "the history of $slug is not sound before the backup"
done

say "dumping"
enter "$source_dir"
"$bin/pg_dump" --format=custom --file="$scratch/ledger.dump" ledger

if [[ $# -lt 2 ]]; then
    books entry post --org drill --date 2026-01-31 --description "after the dump" --debit 1000=1.00 --credit 4000=1.00 >/dev/null
    books verify --org drill --save-head "$scratch/later" >/dev/null
fi

say "restoring into a new cluster"
keep_running "$target_dir"
enter "$target_dir"
"$bin/createdb" --template=template0 --encoding=UTF8 restored
"$bin/pg_restore" --exit-on-error --dbname=restored "$scratch/ledger.dump"
host=$(printf %s "$PGHOST" | sed 's,%,%25,g; s,/,%2F,g; s, ,%20,g')
restored="postgres://ledgerd:$(cat "$target_dir/secrets/ledgerd")@localhost:$PGPORT/restored?host=$host"

say "verifying against the kept heads"
for slug in "${slugs[@]}"; do
    DATABASE_URL=$restored "$ledgerd" --quiet verify --org "$slug" --head "$scratch/heads" ||
        fail "the restored history of $slug is not the one that was backed up"
    DATABASE_URL=$restored "$ledgerd" --quiet replay --org "$slug" >/dev/null || fail "the restored read models of $slug differ from its history"
done

if [[ $# -lt 2 ]]; then
    say "what was written after the dump must be missed"
    if DATABASE_URL=$restored "$ledgerd" --quiet verify --org drill --head "$scratch/later" >"$scratch/missed"; then
        fail "a head from after the dump was found in the restored history"
    fi
fi
say "restored and proven: ${slugs[*]}"
