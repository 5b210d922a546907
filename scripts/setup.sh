# Sourced by the scripts beside it: makes .venv and brings it in line with a lock, or says in one line what is missing.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "${0##*/}: $*"; }

fail() {
  say "$*" >&2
  exit 1
}

# A Python that is new enough; the one named in $PYTHON first.
find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  fail "needs Python 3.11 or newer (Debian: apt-get install python3 python3-venv)"
}

# Debian keeps what puts pip into a new environment in a package of its own.
ensure_venv_module() {
  "$1" -c 'import ensurepip, venv' 2>/dev/null && return
  local package
  package="$("$1" -c 'import sys; print(f"python3.{sys.version_info.minor}-venv")')"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing $package with apt-get"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "$package" >/dev/null && return
  fi
  fail "$1 cannot make environments; install its venv module first: sudo apt-get install $package"
}

# Brings .venv in line with the lock file $1. A copy of the lock, left once all is installed, makes the next run free.
install_lock() {
  local lock="$1" done=".venv/installed-$1" python
  cmp -s "$lock" "$done" && return
  if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    python="$(find_python)"
    ensure_venv_module "$python"
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
  fi
  say "installing the $(grep -c == "$lock") packages of $lock (a minute or two, once)"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$lock"
  cp "$lock" "$done"
}
