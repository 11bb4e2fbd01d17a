# Functions for web/start and tests/run: find and install tools, build, prepare data and the site. This file is sourced,
# not run. It works with bash 3.2 (macOS). A step does nothing if nothing has changed.

set -uo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LOGS=$ROOT/build/logs

# Debian installs the JavaScript tools of emcc here. A Node from another source does not search this folder.
export NODE_PATH=/usr/share/nodejs${NODE_PATH:+:$NODE_PATH}

step_number=0
step_total=0

# step TEXT: prints the heading of the next of step_total steps.
step() {
  step_number=$((step_number + 1))
  printf '[%d/%d] %s\n' "$step_number" "$step_total" "$*"
}

say() { printf '      %s\n' "$*"; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# ---- Finding tools ----------------------------------------------------------------------------------------

have() { command -v "$1" >/dev/null 2>&1; }

# have_header PATH: whether a C++ header is in one of the usual folders.
have_header() {
  local dir sdk=''
  [ "$(uname)" = Darwin ] && sdk=$(xcrun --show-sdk-path 2>/dev/null)
  for dir in /usr/include /usr/local/include /opt/homebrew/include "${HOMEBREW_PREFIX:-}/include" "$sdk/usr/include"; do
    [ -e "$dir/$1" ] && return 0
  done
  return 1
}

# Prints the Chrome or Chromium for benchmarks and full tests. The variable CHROME overrides the search.
find_chrome() {
  local name
  if [ -n "${CHROME:-}" ]; then
    printf '%s\n' "$CHROME"
    return 0
  fi
  for name in chromium chromium-browser google-chrome-stable google-chrome chrome; do
    command -v "$name" 2>/dev/null && return 0
  done
  for name in "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
    /Applications/Chromium.app/Contents/MacOS/Chromium; do
    [ -x "$name" ] && printf '%s\n' "$name" && return 0
  done
  return 1
}

# Prints the browser for tests: headless Chromium if it is installed, because it takes half the time.
find_test_browser() {
  if [ -n "${CHROME:-}" ]; then printf '%s\n' "$CHROME"; else command -v chromium-headless-shell 2>/dev/null || find_chrome; fi
}

# Prints the clang++ for the second compiler and the sanitizers.
find_clang() {
  command -v clang++-14 2>/dev/null || command -v clang++ 2>/dev/null
}

have_sanitizer() {
  local clang
  clang=$(find_clang) || return 1
  # clang prints the bare name if it does not have the file.
  [ -e "$("$clang" -print-file-name="libclang_rt.asan-$(uname -m).a")" ] ||
    [ -e "$("$clang" -print-file-name=libclang_rt.asan_osx_dynamic.dylib)" ] ||
    [ -e "$("$clang" -print-runtime-dir 2>/dev/null)/libclang_rt.asan.a" ]
}

have_fuzzer() {
  local clang
  clang=$(find_clang) || return 1
  [ -e "$("$clang" -print-file-name="libclang_rt.fuzzer-$(uname -m).a")" ] ||
    [ -e "$("$clang" -print-runtime-dir 2>/dev/null)/libclang_rt.fuzzer.a" ]
}

have_math_font() {
  if have apt-get; then
    [ -e /usr/share/fonts/truetype/dejavu/DejaVuMathTeXGyre.ttf ]
  else
    find /usr/share/fonts /Library/Fonts "$HOME/Library/Fonts" -name 'DejaVu*' 2>/dev/null | grep -q .
  fi
}

is_ubuntu() { grep -qs '^ID=ubuntu' /etc/os-release; }

# Ubuntu's package is chromium-browser; it includes the headless browser.
chromium_package() { if is_ubuntu; then echo chromium-browser; else echo chromium; fi; }
test_browser_package() { if is_ubuntu; then echo chromium-browser; else echo chromium-headless-shell; fi; }

# One tool per line: name | command that finds it | package of Debian and Ubuntu | of Fedora | of Homebrew.
page_tools() {
  cat <<'END'
C++ compiler|have c++|g++|gcc-c++|llvm
CMake|have cmake|cmake|cmake|cmake
Ninja|have ninja|ninja-build|ninja-build|ninja
Emscripten|have emcc|emscripten|emscripten|emscripten
Eigen|have_header eigen3/Eigen/Core|libeigen3-dev|eigen3-devel|eigen
Highway|have_header hwy/highway.h|libhwy-dev|google-highway-devel|highway
JSON for Modern C++|have_header nlohmann/json.hpp|nlohmann-json3-dev|json-devel|nlohmann-json
CLI11|have_header CLI/CLI.hpp|libcli11-dev|cli11-devel|cli11
zlib|have_header zlib.h|zlib1g-dev|zlib-devel|zlib
libpng|have_header png.h|libpng-dev|libpng-devel|libpng
libzip|have_header zip.h|libzip-dev|libzip-devel|libzip
Node.js|have node|nodejs|nodejs|node
npm|have npm|npm|nodejs-npm|node
END
}

test_tools() {
  cat <<END
doctest|have_header doctest/doctest.h|doctest-dev|doctest-devel|doctest
Clang|find_clang|clang-14|clang|llvm
Clang's sanitizers|have_sanitizer|libclang-rt-14-dev|compiler-rt|llvm
DejaVu fonts|have_math_font|fonts-dejavu-extra|dejavu-sans-fonts|font-dejavu
Chrome or Chromium|find_test_browser|$(test_browser_package)|chromium|google-chrome
END
}

# For benchmarks and full tests.
whole_tools() {
  cat <<END
Google Benchmark|have_header benchmark/benchmark.h|libbenchmark-dev|google-benchmark-devel|google-benchmark
Chrome or Chromium|find_chrome|$(chromium_package)|chromium|google-chrome
END
}

# ---- Installing -----------------------------------------------------------------------------------------

may_be_root() { [ "$(id -u)" = 0 ] || have sudo; }

# as_root COMMAND...: runs a command as root, with sudo if needed.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Shows apt's status lines as a progress line on a terminal, or as a few lines elsewhere. Other output goes to the log.
show_apt_progress() {
  local kind name percent text shown=-1 whole
  while IFS= read -r line; do
    case $line in
      dlstatus:* | pmstatus:*)
        IFS=: read -r kind name percent text <<<"$line"
        whole=${percent%%.*}
        if [ "$kind" = dlstatus ]; then text=downloading; else text=installing; fi
        if [ -t 1 ]; then
          printf '\r      %s %3d%%\033[K' "$text" "$whole"
        elif [ "$kind$((whole / 25))" != "$shown" ]; then
          say "$text $whole%"
        fi
        shown=$kind$((whole / 25))
        ;;
      *) printf '%s\n' "$line" >>"$1" ;;
    esac
  done
  [ -t 1 ] && printf '\r\033[K'
  return 0
}

# Updates the package lists, once. Needed before apt knows any package and before packages are downloaded.
apt_update() {
  [ -n "${apt_updated:-}" ] && return 0
  mkdir -p "$LOGS"
  say 'updating the package lists'
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update </dev/null >"$LOGS/apt.log" 2>&1 || return 1
  apt_updated=yes
}

# apt_install PACKAGE...: installs packages.
apt_install() {
  local log=$LOGS/apt.log
  if ! apt_update; then
    tail -n 15 "$log" >&2
    return 1
  fi
  say "installing $*"
  # apt reports its progress on a separate descriptor: packages fail to configure if it is their standard output. The
  # descriptor is opened inside sh, because sudo closes all but the standard ones.
  if ! as_root env DEBIAN_FRONTEND=noninteractive sh -c \
    'exec 3>&1; exec apt-get -q -y --no-install-recommends -o APT::Status-Fd=3 install "$@"' apt "$@" \
    </dev/null 2>&1 | show_apt_progress "$log"; then
    tail -n 15 "$log" >&2
    return 1
  fi
}

# apt_knows PACKAGE: whether apt knows a package. Without package lists it knows none, so they are updated first.
apt_knows() {
  local lists=(/var/lib/apt/lists/*Packages*)
  [ -e "${lists[0]}" ] || apt_update || return 1
  [ -n "$(apt-cache show --no-all-versions "$1" 2>/dev/null)" ]
}

# install_tools page|tests|whole: installs missing tools. Each set includes the ones before it.
install_tools() {
  local label check apt fedora brew missing=() packages=()
  while IFS='|' read -r label check apt fedora brew; do
    if ! $check >/dev/null 2>&1; then
      missing+=("$label|$fedora|$brew")
      packages+=("$apt")
    fi
  done < <(page_tools; [ "$1" = page ] || test_tools; [ "$1" != whole ] || whole_tools)

  if have apt-get; then
    # npm needs the certificates; Debian's Node.js does not include any.
    [ -e /etc/ssl/certs/ca-certificates.crt ] || packages+=(ca-certificates)
    if [ ${#packages[@]} != 0 ]; then
      may_be_root ||
        fail "packages are missing, and installing them needs root or sudo: apt-get install --no-install-recommends ${packages[*]}"
      apt_install "${packages[@]}" || fail 'apt-get failed; see build/logs/apt.log'
    fi
    # Only Debian and Ubuntu have a package of the second data set. Without it the page offers MNIST only.
    if [ ! -d /usr/share/datasets/fashion-mnist ] && may_be_root && apt_knows dataset-fashion-mnist; then
      packages+=(dataset-fashion-mnist)
      apt_install dataset-fashion-mnist || say 'continuing without Fashion-MNIST'
    fi
  elif [ ${#missing[@]} != 0 ]; then
    report_missing "${missing[@]}"
  fi
  [ ${#packages[@]} = 0 ] && say 'all installed'
  check_node
}

# install_wanted PACKAGE...: installs optional packages of Debian. Without them some tests are skipped, and benchmarks
# lack a column.
install_wanted() {
  local package missing=()
  have dpkg-query && may_be_root || return 0
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}" || say "continuing without ${missing[*]}"
}

report_missing() {
  local entry label fedora brew all_fedora='' all_brew=''
  printf 'error: this system has no apt-get, so nothing was installed. Missing:\n' >&2
  for entry in "$@"; do
    IFS='|' read -r label fedora brew <<<"$entry"
    printf '  %-22s Fedora: %-24s Homebrew: %s\n' "$label" "${fedora:--}" "$brew" >&2
    case " $all_fedora " in *" $fedora "*) ;; *) all_fedora="$all_fedora $fedora" ;; esac
    case " $all_brew " in *" $brew "*) ;; *) all_brew="$all_brew $brew" ;; esac
  done
  printf 'On Fedora:     sudo dnf install%s\nWith Homebrew: brew install%s\nThen run this again.\n' \
    "$all_fedora" "$all_brew" >&2
  exit 1
}

check_node() {
  local version
  version=$(node -p 'process.versions.node') || fail "node does not run: $(command -v node)"
  [ "${version%%.*}" -ge 18 ] ||
    fail "Node.js 18 or newer is needed; $(command -v node) is $version"
}

# install_packages production|all: runs npm ci if the lock file or the set has changed.
install_packages() {
  local stamp=$ROOT/node_modules/.reluscope-lock had=none omit=''
  [ -e "$stamp" ] && had=$(head -n 1 "$stamp")
  if [ "$had" = all ] || [ "$had" = "$1" ]; then
    if tail -n +2 "$stamp" | cmp -s - "$ROOT/package-lock.json"; then
      say 'unchanged'
      return
    fi
  fi
  [ "$1" = production ] && omit=--omit=dev
  mkdir -p "$LOGS"
  if ! (cd "$ROOT" && npm ci $omit --ignore-scripts --no-audit --no-fund) >"$LOGS/npm.log" 2>&1; then
    tail -n 15 "$LOGS/npm.log" >&2
    fail 'npm ci failed; see build/logs/npm.log'
  fi
  { echo "$1"; cat "$ROOT/package-lock.json"; } >"$stamp"
  say "$(grep -E '^added' "$LOGS/npm.log" || echo 'installed')"
}

# ---- Building -------------------------------------------------------------------------------------------

# If ccache is installed, it is used, and shared between clones.
if have ccache && [ -z "${CMAKE_CXX_COMPILER_LAUNCHER:-}" ]; then
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1
fi

# build PRESET [TARGET...]: configures if there is no build yet or the presets have changed, then builds. The variable
# BUILD_OPTIONS="NAME ..." names CMake options that must be on.
build() {
  local preset=$1 name dir=$ROOT/build/$1 log=$LOGS/cmake-$1.log stale=no targets=() configure=(cmake)
  shift
  for name in "$@"; do targets+=(--target "$name"); done
  case $preset in wasm*) configure=(emcmake cmake) ;; esac
  configure+=(--preset "$preset")
  [ "$dir/build.ninja" -nt "$ROOT/CMakePresets.json" ] || stale=yes
  for name in ${BUILD_OPTIONS:-}; do
    configure+=("-D$name=ON")
    grep -qs "^$name:BOOL=ON" "$dir/CMakeCache.txt" || stale=yes
  done
  # Only Debian and Ubuntu have a clang++ with the version in its name.
  case $preset in clang | asan | tsan | fuzz | corpus) have clang++-14 || configure+=("-DCMAKE_CXX_COMPILER=$(find_clang)") ;; esac
  if [ $stale = yes ]; then
    say 'configuring'
    mkdir -p "$LOGS"
    if ! (cd "$ROOT" && "${configure[@]}") >"$log" 2>&1; then
      tail -n 25 "$log" >&2
      fail "configuring $preset failed; see ${log#"$ROOT/"}"
    fi
    touch "$dir/build.ninja"
  fi
  NINJA_STATUS="      [%f/%t] " cmake --build "$dir" ${targets[@]+"${targets[@]}"} || fail "building $preset failed"
}
