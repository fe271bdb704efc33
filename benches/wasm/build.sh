#!/usr/bin/env bash
# Builds the module of the figures as the package is built, into target/bench/wasm.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PWD/target/tools/bin:$PWD/node_modules/.bin:$PATH"

out=target/bench/wasm
cargo build -q --release -p sipwake-bench --target wasm32-unknown-unknown
wasm-bindgen --target web --out-dir $out --out-name sipwake_bench target/wasm32-unknown-unknown/release/sipwake_bench.wasm
features=(bulk-memory nontrapping-float-to-int sign-ext mutable-globals reference-types multivalue)
wasm-opt -Oz --converge --strip-debug --strip-producers --strip-target-features "${features[@]/#/--enable-}" \
  $out/sipwake_bench_bg.wasm -o $out/small.wasm
mv $out/small.wasm $out/sipwake_bench_bg.wasm
