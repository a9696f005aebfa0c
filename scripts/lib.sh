# Sourced by the other scripts: where things are, how we speak, the virtual environment, the system's packages.
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$ROOT"
VENV="$ROOT/.venv"
PY="$VENV/bin/python"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore

# Each argument is a line.
say() { printf '%s\n' "$@" >&2; }
die() { say "" "$@"; exit 1; }

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null 2>&1 \
      && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  die "Porchlight needs Python 3.11 or newer, and found none." \
    "Install it (on Debian 12 or Ubuntu 24.04: apt-get install python3), or name it: PYTHON=/path/to/python3.12 make run"
}

make_venv() {
  [ -x "$PY" ] && "$PY" -m pip --version >/dev/null 2>&1 && return
  local python
  python="$(find_python)"
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    may_install || die "Python's venv module is missing. Install it with: apt-get install python3-venv"
    install_packages python3-venv
  fi
  say "Making a virtual environment in .venv ($("$python" --version))"
  "$python" -m venv --clear "$VENV" || die "The virtual environment could not be made; see above."
}

# install FILE STAMP: install a hashed lock file, unless the stamp in .venv says that this very one is in.
install() {
  local file=$1 stamp=$2 sum
  make_venv
  sum="$("$PY" -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$file")"
  if [ "$(cat "$VENV/$stamp" 2>/dev/null)" = "$sum" ]; then return; fi
  say "Installing $file"
  rm -f "$VENV/$stamp"
  "$PY" -m pip install --quiet --require-hashes -r "$file" || die "Installing $file failed; see above."
  printf '%s\n' "$sum" >"$VENV/$stamp"
}

install_run() { install requirements.txt .installed-run; }
install_dev() { install requirements-dev.txt .installed-dev; } # holds all of requirements.txt as well

may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

install_packages() {
  say "Installing system packages: $*"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null; } </dev/null \
    || die "apt-get could not install: $*" "Install them by hand: apt-get install $*"
}

# A PostgreSQL server of 15 or newer: on the PATH, or where Debian puts it.
find_postgres() {
  local server
  for server in $(command -v postgres || true) $(printf '%s\n' /usr/lib/postgresql/*/bin/postgres | sort -rV); do
    [ -x "$server" ] && [ "$("$server" --version | sed -E 's/[^0-9]*([0-9]+).*/\1/')" -ge 15 ] && return
  done
  return 1
}

find_any() { local name; for name in "$@"; do command -v "$name" >/dev/null 2>&1 && return; done; return 1; }

# What the tests need of the machine; as root on Debian it is installed, else the message says what and how.
need_system() {
  local missing=()
  find_postgres || missing+=(postgresql)
  find_any redis-server || missing+=(redis-server)
  find_any chromium chromium-browser google-chrome || missing+=(chromium)
  find_any systemd-analyze || missing+=(systemd)
  [ ${#missing[@]} = 0 ] && return
  may_install || die "The tests need system packages that are missing here: ${missing[*]}" \
    "Install them with: sudo apt-get install ${missing[*]}"
  install_packages "${missing[@]}"
  find_postgres || die "The PostgreSQL that was installed is older than 15. See https://www.postgresql.org/download/"
}
