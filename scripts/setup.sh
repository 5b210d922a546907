# Sourced by the scripts beside it: makes .venv and installs the packages of a lock, or says in one line what is
# missing.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "${0##*/}: $*"; }

fail() {
  say "$*" >&2
  exit 1
}

# Prints a Python that is new enough; tries $PYTHON first.
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

# Installs Debian packages with apt-get if this user may do that, else fails; $1 says why they are needed.
ensure_debian() {
  local what="$1"
  shift
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing $* with apt-get"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "$@" >/dev/null && return
  fi
  fail "$what; install first: sudo apt-get install $*"
}

# Debian has a separate package for what puts pip into a new environment.
ensure_venv_module() {
  "$1" -c 'import ensurepip, venv' 2>/dev/null && return
  ensure_debian "$1 cannot make environments" "$("$1" -c 'import sys; print(f"python3.{sys.version_info.minor}-venv")')"
}

# Installs the packages of the lock file $1 into .venv. A copy of the lock is kept, so the next run has nothing to do.
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

# Installs what the browser tests need: Chromium and a Chinese font. Chromium's headless shell is preferred where Debian
# has it: it has no window, so it needs a fifth of the CPU to open a page.
ensure_browser() {
  local chinese="/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
  command -v chromium-headless-shell >/dev/null ||
    (ensure_debian "the browser tests are faster with Chromium's headless shell" chromium-headless-shell) || true
  { command -v chromium-headless-shell || command -v chromium; } >/dev/null &&
    { [ -f "$chinese" ] || [ -n "$(fc-list :lang=zh 2>/dev/null)" ]; } && return
  ensure_debian "the browser tests need Chromium and Chinese fonts" chromium fonts-noto-cjk
}

node_is_new() {
  [ "$(node -p 'parseInt(process.versions.node) >= 20' 2>/dev/null)" = true ]
}

ensure_node() {
  node_is_new || fail "the mini program is built and checked with Node.js 20 or newer, and npm: install that first"
}

# Installs the npm packages of folder $1. A copy of the lock is kept, so that the next run has nothing to do.
install_packages() {
  local lock="$1/package-lock.json" done="$1/node_modules/installed-lock.json"
  cmp -s "$lock" "$done" && return
  say "installing the npm packages of $1"
  npm ci --prefix "$1" --silent --no-audit --no-fund && cp "$lock" "$done"
}

# Prints the sources of the H5 shop, one line with a checksum per file.
h5_sources() {
  node --version
  find miniprogram scripts/h5 \( -name node_modules -o -name miniprogram_npm \) -prune -o -type f -print0 |
    LC_ALL=C sort -z | xargs -0 cksum
}

# Builds the H5 shop into build/h5 if its sources have changed. Everything else works without it, so this never fails:
# it says in one line why there is no H5 shop.
build_h5() {
  local sources
  if ! node_is_new; then
    say "leaving out the H5 shop: it is built with Node.js 20 or newer"
    return
  fi
  sources="$(h5_sources)"
  [ -f build/h5/index.html ] && [ "$sources" = "$(cat build/h5-sources 2>/dev/null)" ] && return
  if install_packages miniprogram && install_packages scripts/h5 && say "building the H5 shop" && node scripts/h5/build.mjs; then
    echo "$sources" >build/h5-sources
  else
    say "leaving out the H5 shop: it could not be built (see above)"
  fi
}

# Installs the scripts of the operators' panel. The panel works without them, so this never fails either.
install_panel() {
  if ! node_is_new; then
    say "leaving out the panel's scripts: they are installed with npm of Node.js 20 or newer"
    return
  fi
  install_packages server/panel || say "leaving out the panel's scripts: npm could not install them (see above)"
}
