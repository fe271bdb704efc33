#!/usr/bin/env bash
# Builds the phone's native side into www/phone/pkg/. Cargo knows whether there is anything to do.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PWD/target/tools/bin:$PATH"

cargo build --quiet --release --package sipwake-phone --target wasm32-unknown-unknown
built="${CARGO_TARGET_DIR:-target}/wasm32-unknown-unknown/release/sipwake_phone.wasm"
if [ ! -e www/phone/pkg/sipwake_phone.js ] || [ "$built" -nt www/phone/pkg/sipwake_phone.js ]; then
  wasm-bindgen --target web --no-typescript --out-dir www/phone/pkg "$built"
  touch www/phone/pkg/sipwake_phone.js
fi
