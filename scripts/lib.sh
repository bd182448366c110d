# shellcheck shell=bash disable=SC2034
# Sourced by the other scripts: paths, pinned versions, messages.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# Build tools are installed in a separate folder, shared by all clones of one user. ~/.cargo/bin is not changed.
tools=${LATCHKEY_TOOLS:-$HOME/.cache/latchkey}
PATH="$tools/bin:$PATH"
# A rustup that was just installed is not on this shell's PATH yet.
if ! command -v cargo >/dev/null && [ -d "$HOME/.cargo/bin" ]; then
  PATH="$PATH:$HOME/.cargo/bin"
fi
export PATH

# Pinned versions. Those of Rust and wasm-bindgen are read from rust-toolchain.toml and Cargo.lock.
cargo_leptos_version=0.3.9
binaryen_version=132
cargo_deny_version=0.20.2
node_least=20

toolchain=$(sed -n 's/^channel *= *"\(.*\)"/\1/p' rust-toolchain.toml)
wasm_bindgen_version=$(awk '$3 == "\"wasm-bindgen\"" { getline; gsub(/"/, "", $3); print $3 }' Cargo.lock)

# The cargo arguments of the two targets.
for_server=(--locked --no-default-features --features ssr,faults)
for_browser=(--locked --no-default-features --features hydrate --target wasm32-unknown-unknown --lib)

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }

# fail MESSAGE: prints one sentence and ends the script.
fail() {
  printf '\033[1;31m==> %s\033[0m\n' "$*" >&2
  exit 1
}

# A crate or a module can't have these names.
rust_keywords=" abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen if impl in let loop macro match mod move mut override priv pub ref return self static struct super trait true try type typeof unsafe unsized use virtual where while yield alloc core proc test std "

is_root() { [ "$(id -u)" = 0 ]; }

# Defaults of a developer's machine, unless the environment sets them: demo accounts, and the port in cookie names,
# because another app may run on this host.
set_defaults_of_dev() {
  [ "${LEPTOS_ENV:-DEV}" = DEV ] || return 0
  export LATCHKEY__DEMO__SEED="${LATCHKEY__DEMO__SEED:-true}"
  export LATCHKEY__AUTH__PORT_IN_COOKIES="${LATCHKEY__AUTH__PORT_IN_COOKIES:-true}"
}

# start_build STAMP TOOLS: installs the tools and empties target/site, in which hashed names pile up and which all builds
# share. It deletes the stamps first, so that a failed build never looks current; the new stamp has the start time, so
# that edits during the build trigger another one.
start_build() {
  mkdir -p target
  rm -f target/.built target/.built-quick
  touch "$1.new"
  scripts/setup "$2"
  rm -rf target/site
}

# finish_build STAMP FILE...: checks that the build made the files, and stamps it.
finish_build() {
  local stamp=$1 made
  shift
  for made in "$@"; do
    [ -e "$made" ] || fail "The build ended without an error, yet $made is missing."
  done
  mv "$stamp.new" "$stamp"
}

# need_debian_package PACKAGE DURATION WHAT_IS_MISSING: installs it if the user may, or prints the command.
need_debian_package() {
  if ! is_root || ! command -v apt-get >/dev/null; then
    fail "$3 Install it with: sudo apt-get install $1"
  fi
  say "Installing $1 with apt-get ($2)"
  local log
  log=$(mktemp)
  if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    fail "$3 'apt-get install $1' failed: the lines above say why."
  fi
  rm -f "$log"
}

# Prints the folder of PostgreSQL's server programs, which Debian keeps off the PATH, or nothing.
postgres_bin() {
  local found
  if found=$(command -v initdb) && command -v postgres >/dev/null; then
    dirname "$(readlink -f "$found")"
    return
  fi
  find /usr/lib/postgresql/*/bin -maxdepth 1 -name initdb -printf '%h\n' 2>/dev/null | sort -V | tail -n 1 || true
}

# The lints of `make check` and `make test`.
lint_format() { cargo fmt --check; }
lint_server() { cargo clippy "${for_server[@]}" --all-targets -- -D warnings; }
lint_browser() { cargo clippy "${for_browser[@]}" -- -D warnings; }

# stage NAME COMMAND...: runs a command, even after a failure, and records its result.
stages=()
stages_failed=0
stage() {
  local name=$1 started=$SECONDS outcome=ok
  shift
  say "$name"
  # In a subshell, so that `set -e` works inside the stage's function.
  set +e
  (set -e; "$@")
  local status=$?
  set -e
  if [ "$status" != 0 ]; then
    outcome=FAILED
    stages_failed=$((stages_failed + 1))
  fi
  stages+=("$(printf '%-7s %5d s  %s' "$outcome" $((SECONDS - started)) "$name")")
  return 0
}

print_stages() {
  printf '\n'
  printf '%s\n' "${stages[@]}"
}
