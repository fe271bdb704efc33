#!/usr/bin/env bash
# Builds the npm package into pkg/: wasm-pack for the web, then scripts/package.mjs.
# Does nothing when pkg/ is newer than all that it is made of.
# With SIPWAKE_QUICK=1 it is not made small: the same program in a third of the time, for who changes and tries.
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
flags="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo${sep}--remap-path-prefix=$PWD=."
# The standard library is compiled along, so that it too is made for size, and a panic is nothing but the trap that it ends in:
# one octet in eleven is saved. Cargo and rustc hold these options to be unstable, which is why the toolchain has to be told that
# it may take them, for this build alone; what comes out is the same program. Without the sources the package is larger.
library="$(rustc --print sysroot)/lib/rustlib/src/rust/library"
small=()
if [ "${SIPWAKE_QUICK:-}" = 1 ]; then
  echo "pkg: quick, so not small"
elif RUSTC_BOOTSTRAP=1 rustc -Zunstable-options -Cpanic=immediate-abort --target wasm32-unknown-unknown --print cfg >/dev/null 2>&1 &&
  RUSTC_BOOTSTRAP=1 cargo fetch --quiet --locked --manifest-path "$library/Cargo.toml" 2>/dev/null; then
  export RUSTC_BOOTSTRAP=1
  small=(-Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size)
  for flag in unstable-options location-detail=none fmt-debug=none; do flags+="$sep-Z$flag"; done
  flags+="$sep-Cpanic=immediate-abort"
else
  echo "pkg: the standard library's sources or their dependencies are missing (bash scripts/setup.sh pkg): the package is larger by a tenth" >&2
fi
export CARGO_ENCODED_RUSTFLAGS="$flags"
wasm-pack --log-level warn build --mode no-install --release --no-opt --no-typescript --target web \
  --out-dir target/wasm-pack --out-name sipwake . --no-default-features --features browser ${small[@]+"${small[@]}"}
node scripts/package.mjs
touch pkg/.built
