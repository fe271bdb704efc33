#!/usr/bin/env bash
# Builds the npm package into pkg/: wasm-pack for the web, then scripts/package.mjs.
# Does nothing when pkg/ is newer than all that it is made of.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/target/tools/bin:$PWD/node_modules/.bin:$PATH"

if [ -e pkg/.built ] && [ -z "$(find src scripts/pkg.sh scripts/package.mjs scripts/types.mjs Cargo.toml Cargo.lock README.md -newer pkg/.built -print | head -n 1)" ]; then
  exit 0
fi
# The tool and the library write and read the same, unstable format.
locked=$(awk '/^name = "wasm-bindgen"$/{getline; gsub(/[^0-9.]/, ""); print; exit}' Cargo.lock)
here=$(wasm-bindgen --version 2>/dev/null | awk '{print $2}' || true)
if [ "$here" != "$locked" ]; then
  echo "pkg: wasm-bindgen-cli must be $locked, as Cargo.lock says; here is: ${here:-none}. Run: bash scripts/setup.sh pkg" >&2
  exit 1
fi
# Panics name source files; not the folders of this machine.
sep=$(printf '\037')
CARGO_ENCODED_RUSTFLAGS="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo${sep}--remap-path-prefix=$PWD=."
export CARGO_ENCODED_RUSTFLAGS
wasm-pack --log-level warn build --mode no-install --release --no-opt --no-typescript --target web \
  --out-dir target/wasm-pack --out-name sipwake . --no-default-features --features browser
node scripts/package.mjs
touch pkg/.built
