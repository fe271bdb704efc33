#!/usr/bin/env bash
# Builds the demo page into www/dist/: the package, the phone's native side, then webpack; and lays the package itself beside the
# page, for scripts of one's own. Does nothing when www/dist/ is newer than all that it is made of.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/target/tools/bin:$PWD/node_modules/.bin:$PATH"

bash scripts/pkg.sh
bash www/phone/build.sh
made_of=(webpack.config.js package-lock.json pkg/.built src/browser/js www)
if [ -e www/dist/.built ] && [ -z "$(find "${made_of[@]}" -path www/dist -prune -o -newer www/dist/.built -type f -print | head -n 1)" ]; then
  exit 0
fi
webpack --mode production
mkdir www/dist/pkg
cp pkg/*.js pkg/*.ts pkg/*.wasm www/dist/pkg/
touch www/dist/.built
