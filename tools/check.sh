#!/bin/sh
# pnpm check: types, the rules of the code base and the unit tests, in under a minute.
set -eu
cd "$(dirname "$0")/.."
node_modules/.bin/tsc --noEmit
node --import tsx tools/tidy/main.ts
exec sh tools/unit.sh
