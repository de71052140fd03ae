#!/usr/bin/env bash
# Rewrites both lock files after a change of import_map.json.
#
#   npx -y deno task lock
#
# deno.lock          version 4, only what supabase/functions imports: the hosted runtime is Deno 2.1.4,
#                    and it refuses version 5. It is therefore written by 2.1.4 itself.
# scripts/deno.lock  what the local stack and the tests import on the current Deno.
set -euo pipefail
for argument in "$@"; do
  if [ "$argument" = "--help" ]; then sed -n '2,8p' "$0" | sed 's/^# \{0,1\}//'; exit 0; fi
done
if [ $# -gt 0 ]; then
  echo "lock: Unknown option '$1'. Help: npx -y deno task lock --help" >&2
  exit 2
fi
cd "$(dirname "$0")/.."
export DENO_TLS_CA_STORE="${DENO_TLS_CA_STORE:-system}"
deno="deno@$(<.deno-version)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

rm -f deno.lock scripts/deno.lock
mapfile -t entries < <(git ls-files -co --exclude-standard 'supabase/functions/*.ts')
printf 'import "%s";\n' '@supabase/supabase-js' 'hono' 'zod' > "$work/runtime.ts"
cp import_map.json "$work/"
npx -y deno@2.1.4 cache --quiet --no-config --import-map=import_map.json --lock="$work/deno.lock" --frozen=false "$work/runtime.ts" "${entries[@]}"
# The current Deno also wants the import map's packages named; 2.1.4 ignores that section and would
# drop it, which is why runs on 2.1.4 are given --no-lock (.ci/run).
npx -y "$deno" eval --no-config "
  const lock = JSON.parse(Deno.readTextFileSync('$work/deno.lock'));
  const map = JSON.parse(Deno.readTextFileSync('import_map.json')).imports;
  const bare = Object.values(map).map((s) => s.replace(/^(npm:(?:@[^/]+\/)?[^/]+).*/, '\$1'));
  lock.workspace = { dependencies: [...new Set(bare)].sort() };
  Deno.writeTextFileSync('deno.lock', JSON.stringify(lock, null, 2) + '\n');
"
npx -y "$deno" eval --no-config "
  const map = JSON.parse(Deno.readTextFileSync('import_map.json')).imports;
  Deno.writeTextFileSync('$work/all.ts', Object.keys(map).map((k) => 'import \"' + k + '\";').join('\n'));
"
npx -y "$deno" cache --quiet --node-modules-dir=auto --lock=scripts/deno.lock --frozen=false --config=deno.json "$work/all.ts"
head -n 2 deno.lock | grep -q '"4"'
echo "deno.lock (version 4) and scripts/deno.lock written"
