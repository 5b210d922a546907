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

# Debian packages by apt-get where this may be done, $1 saying what they are for.
ensure_debian() {
  local what="$1"
  shift
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing $* with apt-get"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "$@" >/dev/null && return
  fi
  fail "$what; install first: sudo apt-get install $*"
}

# Debian keeps what puts pip into a new environment in a package of its own.
ensure_venv_module() {
  "$1" -c 'import ensurepip, venv' 2>/dev/null && return
  ensure_debian "$1 cannot make environments" "$("$1" -c 'import sys; print(f"python3.{sys.version_info.minor}-venv")')"
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

# What the tests in a browser need: Chromium, and a font that has Chinese. Where the archive has it, Chromium's headless
# shell, which opens a page for a fifth of the work: it draws no window around it.
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

# Brings node_modules of folder $1 in line with its lock; a copy of the lock, left once all is installed, says so.
install_packages() {
  local lock="$1/package-lock.json" done="$1/node_modules/installed-lock.json"
  cmp -s "$lock" "$done" && return
  say "installing the npm packages of $1"
  npm ci --prefix "$1" --silent --no-audit --no-fund && cp "$lock" "$done"
}

# What the H5 shop is built from, one line with a checksum per file.
h5_sources() {
  node --version
  find miniprogram scripts/h5 \( -name node_modules -o -name miniprogram_npm \) -prune -o -type f -print0 |
    LC_ALL=C sort -z | xargs -0 cksum
}

# Builds the H5 shop into build/h5 when what it is made of has changed. Without it everything else works, so this
# never fails: it says in one line why there is none.
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

# What the operators' panel shows its pages with. It works without them, so this never fails, either.
install_panel() {
  if ! node_is_new; then
    say "leaving out the panel's scripts: they are installed with npm of Node.js 20 or newer"
    return
  fi
  install_packages server/panel || say "leaving out the panel's scripts: npm could not install them (see above)"
}
