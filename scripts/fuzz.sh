#!/usr/bin/env bash
# Fuzz targets, one after the other: scripts/fuzz.sh [target...]; MINUTES a target (10). Begins from fuzz/seeds, goes on from
# fuzz/corpus, and prints what was run and covered. A finding ends the run; its input is in fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."

minutes=${MINUTES:-10}
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(message uri headers sdp bridge payload endpoint)
logs=target/fuzz
mkdir -p "$logs"
# The flags of coverage are for nightly compilers, and all that is needed of nightly.
export RUSTC_BOOTSTRAP=1

# The code is safe Rust: no sanitizer of memory is wanted, and without one stable is enough.
cargo fuzz build --sanitizer none

for target in "${targets[@]}"; do
  mkdir -p "fuzz/corpus/$target"
  printf 'fuzz: %s for %s minutes\n' "$target" "$minutes"
  if ! cargo fuzz run --sanitizer none "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
    -max_total_time=$((minutes * 60)) -max_len=4096 -timeout=10 -print_final_stats=1 >"$logs/$target.log" 2>&1; then
    grep -m1 -A3 'panicked at' "$logs/$target.log" || tail -n 20 "$logs/$target.log"
    printf 'fuzz: %s found something: %s\n' "$target" "$logs/$target.log" >&2
    exit 1
  fi
done

printf '\n%-8s %12s %10s %16s %10s %8s\n' target executions 'a second' 'edges covered' features corpus
for target in "${targets[@]}"; do
  edges=$(sed -n 's/.*Loaded 1 modules *(\([0-9]*\) inline.*/\1/p' "$logs/$target.log" | head -1)
  awk -v target="$target" -v edges="$edges" '
    /DONE/ { for (i = 1; i <= NF; i++) { if ($i == "cov:") cov = $(i + 1); if ($i == "ft:") ft = $(i + 1); if ($i == "corp:") corpus = $(i + 1); if ($i == "exec/s:") speed = $(i + 1) } sub("#", "", $1); runs = $1 }
    END { sub("/.*", "", corpus); printf "%-8s %12s %10s %8s of %5s %10s %8s\n", target, runs, speed, cov, edges, ft, corpus }' "$logs/$target.log"
done
