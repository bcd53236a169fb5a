#!/usr/bin/env bash
# The real stack, deployed into an emulated AWS account on this machine: see scripts/deploy_local.sh --help.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

export PYTHONPATH="$REPOSITORY" # a relative --script or --model stays relative to where the caller stands
exec "$PYTHON" -P -m scripts.deploy_local.command "$@"
