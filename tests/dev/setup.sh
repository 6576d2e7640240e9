# For sourcing by ./dev: the Debian packages Moonstep needs, in one place.

# To build and run it.
packages_build=(
  cmake gcc libc6-dev ninja-build pkg-config
  libluajit-5.1-dev liblmdb-dev libev-dev libmicrohttpd-dev
  libcurl4-openssl-dev libssl-dev libpcre2-dev libexpat1-dev zlib1g-dev
  lua-cjson-dev ca-certificates
)
# To test it.
packages_test=(
  clang libclang-rt-dev libcmocka-dev luajit lua-busted lua-filesystem curl
  python3 util-linux procps
)
# AWS's command line and Python SDK, for tests/sdk.
packages_sdk=(awscli python3-boto3)
# For ./dev package.
packages_package=(dpkg-dev file)
# For ./dev bench.
packages_bench=(wrk curl)
# For ./dev lint.
packages_lint=(clang-tidy lua-check)

# need_packages KIND...: installs what is missing; silent if nothing is.
need_packages() {
  local kind package missing=() sudo=()
  command -v dpkg-query >/dev/null || return 0 # not Debian: the build tells
  for kind in "$@"; do
    local -n list=packages_$kind
    for package in "${list[@]}"; do
      [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" \
        2>/dev/null)" = installed ] || missing+=("$package")
    done
  done
  [ ${#missing[@]} = 0 ] && return 0
  [ "$(id -u)" = 0 ] || sudo=(sudo)
  mkdir -p build/logs
  echo "installing with apt-get: ${missing[*]}" >&2
  if ! { "${sudo[@]}" apt-get update &&
         "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install \
           -y --no-install-recommends "${missing[@]}"; } \
       >build/logs/apt.log 2>&1; then
    echo "that failed; the end of build/logs/apt.log:" >&2
    tail -n 15 build/logs/apt.log >&2
    return 1
  fi
}
