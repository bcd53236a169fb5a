#!/usr/bin/env bash
# The main job on this machine, no AWS account: see scripts/run_local.sh --help.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

export PYTHONPATH="$REPOSITORY" # a relative --event or --model stays relative to where the caller stands
exec "$PYTHON" -P -m scripts.run_local.command "$@"
