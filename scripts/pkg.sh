#!/usr/bin/env bash
# Builds the npm package into pkg/: wasm-pack for the web, optimised by npm's wasm-opt, with a loader for Node beside it.
# Does nothing when pkg/ is newer than all that it is made of.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/target/tools/bin:$PWD/node_modules/.bin:$PATH"

if [ -e pkg/.built ] && [ -z "$(find src scripts/pkg.sh scripts/package.mjs Cargo.toml Cargo.lock README.md -newer pkg/.built -print -quit)" ]; then
  exit 0
fi
rm -rf pkg
wasm-pack --log-level warn build --mode no-install --release --no-opt --target web --out-dir pkg --out-name sipwake . \
  --no-default-features --features browser
wasm-opt -Oz --converge --strip-producers --enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext --enable-mutable-globals \
  --enable-reference-types --enable-multivalue pkg/sipwake_bg.wasm -o pkg/sipwake_bg.wasm
node scripts/package.mjs
touch pkg/.built
