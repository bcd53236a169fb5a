#!/usr/bin/env bash
# The whole gate. `scripts/test.sh fast` leaves out what starts processes, builds wheels or loads a model.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-all}" in
  all | fast) ;;
  -h | --help)
    echo "usage: scripts/test.sh [fast]"
    echo "  fast   lint, types, unit and workflow tests"
    echo "  (none) the same, then the slow tests: local stack end to end, wheel, synth with the CDK CLI"
    exit 0
    ;;
  *)
    echo "scripts/test.sh: unknown argument '$1'; try --help" >&2
    exit 2
    ;;
esac

source scripts/environment.sh
export CDK_VALIDATION=false # the built-in validator costs 7-11 s a process; cloudformation-validate and cfn-lint do its work
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20

step() { printf '\n== %s\n' "$1"; }

step "lint"
.venv/bin/ruff check .
.venv/bin/ruff format --check --quiet .
step "types"
.venv/bin/mypy
step "tests"
.venv/bin/python -m pytest -m "not slow" -n 2
if [ "${1:-all}" = all ]; then
  step "slow tests"
  .venv/bin/python -m pytest -m slow -n 2 --dist loadfile # a file's tests share a stack, so they stay together
fi
