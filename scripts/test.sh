#!/usr/bin/env bash
# The whole gate, or a part of it: see scripts/test.sh --help.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'END'
usage: scripts/test.sh [fast | lint | types | coverage]

Test this checkout. CI runs it without an argument.

  (none)    everything: lint, types, fast tests and slow ones: local stack
            end to end, wheels, synth with the CDK CLI, documentation
  fast      lint, types, unit and workflow tests
  lint      ruff's rules and format
  types     mypy, strict
  coverage  the fast tests, then which lines of infra/ and lambda_src/ they
            ran; takes nearly twice as long as they do alone

exit status: 0 all passed, 2 bad usage, else that of what failed
END
}

part="${1:-all}"
case "$part" in
  all | fast | lint | types | coverage) ;;
  -h | --help)
    usage
    exit 0
    ;;
  *)
    echo "scripts/test.sh: unknown argument '$part'; try --help" >&2
    exit 2
    ;;
esac

source scripts/environment.sh
export CDK_VALIDATION=false # the built-in validator costs 7-11 s a process; cloudformation-validate and cfn-lint do its work

step() { printf '\n== %s\n' "$1"; }

lint() {
  step "lint"
  .venv/bin/ruff check .
  .venv/bin/ruff format --check --quiet .
}

types() {
  step "types"
  .venv/bin/mypy
}

# A file's tests share stacks and templates, so they stay together; end-to-end files come first, so that none is the
# last to run while the other workers have nothing left. Slow tests wait for processes: three workers fill two cores.
tests() {
  step "tests"
  .venv/bin/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder "$@"
}

case "$part" in
  lint) lint ;;
  types) types ;;
  coverage) tests -m "not slow" --cov=infra --cov=lambda_src --cov-report=term:skip-covered ;;
  fast) lint && types && tests -m "not slow" ;;
  all) lint && types && tests ;;
esac
