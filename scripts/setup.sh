#!/usr/bin/env bash
# Installs what a purpose needs and the machine lacks: scripts/setup.sh [demo] [pkg] [test] [bench] [fuzz] [lint] [e2e]
# Says what it installs and why; does nothing, in a second, when nothing is to do.
# Browsers and Kamailio are wanted, not needed: without them their suites are skipped and named. All else ends the run.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD
export PATH="$root/target/tools/bin:$root/node_modules/.bin:$PATH"
problems=0

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }
system() {
  case "$(uname -s)" in
    Darwin) echo mac ;;
    Linux) if [ -e /etc/debian_version ] && have apt-get; then echo debian; else echo linux; fi ;;
    *) echo other ;;
  esac
}
SYSTEM=$(system)

# ---- what must be there before us ----------------------------------------------------------------------------

basics() {
  have cargo || fail "Rust is missing: install rustup (its site has a one-line installer), then run this again"
  have cc || case $SYSTEM in
    mac) fail "a C compiler is missing: xcode-select --install" ;;
    debian) fail "a C compiler is missing: apt-get install build-essential" ;;
    *) fail "a C compiler (cc) is missing" ;;
  esac
  if ! have node || ! have npm; then fail "Node.js 20.14 or newer, with npm, is missing"; fi
  node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major * 1000 + Number(minor) >= 20014 ? 0 : 1)' ||
    fail "Node.js $(node --version) is too old: 20.14 or newer is needed"
}

# ---- Rust ----------------------------------------------------------------------------------------------------

# A target or component of the active toolchain. Without rustup the toolchain came from elsewhere: it is looked at, not changed.
target() {
  local libs
  libs="$(rustc --print sysroot)/lib/rustlib/$1/lib"
  [ -d "$libs" ] && return 0
  have rustup || fail "the Rust target $1 ($2) is missing and there is no rustup to add it"
  say "adding the Rust target $1: $2"
  rustup target add "$1"
}
component() {
  cargo "$2" --version >/dev/null 2>&1 && return 0
  have rustup || fail "cargo $2 is missing and there is no rustup to add it"
  say "adding the Rust component $1: make lint and make test need it"
  rustup component add "$1"
}

# One Rust tool: what is on the PATH if it fits, else a prebuilt one by cargo-binstall if that is here, else built from source.
# Never over another version of yours: that case goes to target/tools, which the Makefile puts first on the PATH.
tool() { # crate, version or empty for any, command, why, minutes
  local crate=$1 version=$2 command=$3 why=$4 minutes=$5 into=() spec=$1
  [ -n "$version" ] && spec="$crate@$version"
  if have "$command"; then
    if [ -z "$version" ] || [ "$("$command" --version 2>/dev/null | awk '{print $2; exit}')" = "$version" ]; then return 0; fi
    into=(--root "$root/target/tools")
    say "$command on this machine is another version; $version goes to target/tools, yours stays"
  fi
  if have cargo-binstall; then
    say "installing $spec, prebuilt: $why"
    if cargo binstall --no-confirm --disable-strategies compile ${into[@]+"${into[@]}"} "$spec"; then return 0; fi
    say "no prebuilt $crate reached"
  fi
  say "building $spec from source (about $minutes minutes): $why"
  # Not --locked: a registry mirror may lag behind the versions in a tool's own lock file.
  cargo install --force ${into[@]+"${into[@]}"} "$spec"
}

wasm_target() { target wasm32-unknown-unknown "the package and the demo's phone are WebAssembly"; }

# Wanted, not needed: scripts/pkg.sh says what is lost without.
standard_library() {
  [ -e "$(rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.toml" ] && return 0
  have rustup || { say "wanted: the sources of Rust's standard library (rust-src), for a smaller package"; return 0; }
  say "adding the Rust component rust-src: the package compiles the standard library for size"
  rustup component add rust-src || say "rust-src could not be had; the package becomes larger"
}

wasm_tools() {
  wasm_target
  standard_library
  local version
  version=$(awk '/^name = "wasm-bindgen"$/{getline; gsub(/[^0-9.]/, ""); print; exit}' Cargo.lock)
  [ -n "$version" ] || fail "Cargo.lock names no wasm-bindgen"
  tool wasm-bindgen-cli "$version" wasm-bindgen "makes the JavaScript side of the package; must be exactly Cargo.lock's version" 4
  tool wasm-pack "" wasm-pack "builds and tests the package" 3
}

# ---- npm -----------------------------------------------------------------------------------------------------

# What builds: `build`. What tests and figures need besides, such as a driver and peers to compare with: `all`.
npm_packages() {
  cmp -s package-lock.json node_modules/.installed-lock && return 0
  if [ "$1" = build ]; then
    cmp -s package-lock.json node_modules/.installed-build-lock && return 0
    say "installing npm packages of package-lock.json into node_modules/: bundler, optimiser, fonts of the page"
    npm ci --omit=dev --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.installed-build-lock
  else
    say "installing the npm packages of package-lock.json into node_modules/: bundler, optimiser, test driver, peers to compare with"
    npm ci --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.installed-lock
  fi
}

# ---- programs of the system ----------------------------------------------------------------------------------

# Installs Debian packages as root. A daemon among them must not start: its tests run their own, on loopback, without privileges.
debian() { # why, packages...
  local why=$1 policy=/usr/sbin/policy-rc.d made=0
  shift
  if [ "$(id -u)" -ne 0 ]; then
    say "wanted: $why. As root: apt-get install --no-install-recommends $*"
    problems=1
    return 0
  fi
  say "installing Debian packages ($*): $why"
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    made=1
    # Left behind by an interrupted run it would keep every service of the machine from starting.
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  local ok=1
  if ! DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"; then
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" || ok=0
  fi
  if [ $made = 1 ]; then
    rm -f "$policy"
    trap - EXIT
  fi
  if [ $ok = 0 ]; then
    say "apt-get could not install them; their suites will be skipped"
    problems=1
  fi
}

wanted() { # why, hint for macOS, hint elsewhere
  case $SYSTEM in
    mac) say "wanted: $1. $2" ;;
    *) say "wanted: $1. $3" ;;
  esac
  problems=1
}

browser() {
  if [ -z "$(node scripts/tools.mjs chromium)" ]; then
    if [ "$SYSTEM" = debian ]; then debian "browser tests and measurements" chromium
    else wanted "a Chromium or Chrome (or its path in CHROMIUM)" "brew install --cask chromium" "install your system's package"; fi
  fi
}

driver() {
  if [ -z "$(node scripts/tools.mjs chromedriver)" ]; then
    if [ "$SYSTEM" = debian ]; then debian "wasm tests in the browser" chromium-driver
    else wanted "chromedriver of the browser's version (or its path in CHROMEDRIVER)" "brew install --cask chromedriver" "install your system's package"; fi
  fi
}

kamailio() {
  if [ -z "$(node scripts/tools.mjs kamailio)" ]; then
    if [ "$SYSTEM" = debian ]; then
      debian "end-to-end tests against a real SIP server" kamailio kamailio-websocket-modules kamailio-tls-modules \
        kamailio-utils-modules kamailio-extra-modules kamailio-outbound-modules
      # Nor at the next start of the machine.
      if [ "$(id -u)" -eq 0 ] && have systemctl; then systemctl disable --quiet kamailio 2>/dev/null || true; fi
    else
      wanted "Kamailio 5.6 or newer with its websocket, tls, utils, extra and outbound modules" \
        "There is no bottle for it that we know of: its suites are skipped" "install your system's package"
    fi
  fi
  have openssl || case $SYSTEM in
    debian) debian "certificates for the tests of wss" openssl ;;
    *) wanted "openssl, for the certificates of the tests of wss" "brew install openssl" "install your system's package" ;;
  esac
}

sipp() {
  if [ -z "$(node scripts/tools.mjs sipp)" ]; then
    if [ "$SYSTEM" = debian ]; then debian "the package is tested against SIPp" sip-tester
    else wanted "SIPp (or its path in SIPP)" "brew install sipp" "install your system's package"; fi
  fi
}

# WebKit as a web view that Python holds, a display for it, WebRTC for the host's media, and its driver for the wasm tests.
webkit() {
  if [ -z "$(node scripts/tools.mjs webkitgtk)" ] || ! have xvfb-run || ! have WebKitWebDriver; then
    if [ "$SYSTEM" = debian ]; then
      debian "the package is tested in a web view of WebKit" gir1.2-webkit2-4.1 python3-gi python3-aiortc python3-numpy xvfb xauth webkit2gtk-driver
    else
      wanted "WebKitGTK 4.1 with its bindings for /usr/bin/python3, aiortc, xvfb-run and WebKitWebDriver" \
        "There is no WebKitGTK for it that we know of: its suites are skipped" "install your system's packages"
    fi
  fi
}

# ---- purposes ------------------------------------------------------------------------------------------------

[ $# -gt 0 ] || set -- demo test bench
basics
for purpose in "$@"; do
  case $purpose in
    pkg | demo)
      wasm_tools
      npm_packages build
      ;;
    bench)
      wasm_tools
      npm_packages all
      browser
      kamailio
      ;;
    fuzz)
      tool cargo-fuzz "" cargo-fuzz "runs the fuzz targets" 2
      ;;
    lint)
      component rustfmt fmt
      component clippy clippy
      wasm_target
      npm_packages all
      ;;
    test)
      component rustfmt fmt
      component clippy clippy
      wasm_tools
      target aarch64-apple-ios "the core is checked for the phone"
      npm_packages all
      browser
      driver
      kamailio
      sipp
      webkit
      ;;
    *) fail "unknown purpose $purpose (demo, pkg, test, bench, fuzz, lint)" ;;
  esac
done
[ $problems = 0 ] || say "some things wanted are not there; what depends on them is skipped and named"
