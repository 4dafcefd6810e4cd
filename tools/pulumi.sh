#!/usr/bin/env bash
# Make sure of a pulumi command: use the one that $ITRACK_PULUMI names or that is on PATH if it is new enough, else
# build bin/pulumi from the version pinned in tools/go.mod.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd .. && pwd)

minimum=3.230.0
pinned=$(go list -m -f '{{.Version}}' github.com/pulumi/pulumi/pkg/v3)

# Prints the version of a pulumi command without the v, or nothing.
version_of() { PULUMI_SKIP_UPDATE_CHECK=1 "$1" version 2>/dev/null | sed -E 's/^v//' || true; }

# new_enough VERSION: is it the minimum or newer? A suffix such as -dev does not count.
new_enough() {
  local numbers=${1%%[-+]*}
  [ -n "$numbers" ] && [ "$(printf '%s\n%s\n' "$minimum" "$numbers" | sort -V | head -n 1)" = "$minimum" ]
}

for candidate in "${ITRACK_PULUMI:-}" "$(command -v pulumi || true)"; do
  if [ -n "$candidate" ] && version=$(version_of "$candidate") && new_enough "$version"; then
    printf '==> using pulumi %s: %s\n' "$version" "$candidate"
    exit 0
  fi
done

if [ -x "$root/bin/pulumi" ] && [ "v$(version_of "$root/bin/pulumi")" = "$pinned" ]; then
  printf '==> using pulumi %s: bin/pulumi\n' "$pinned"
  exit 0
fi

printf '==> building bin/pulumi %s (some minutes the first time)\n' "$pinned"
# Without its version a pulumi command refuses to destroy an inline program.
go build -ldflags "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$pinned" \
  -o "$root/bin/pulumi" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi
