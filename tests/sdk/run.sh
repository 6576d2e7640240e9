#!/bin/bash
# Tours with AWS's own clients against a server of ours.
#
#   tests/sdk/run.sh MOONSTEP aws|javascript
#
# aws is Debian's awscli (./dev installs it); the JavaScript SDK is installed
# with npm into build/sdk, in the versions of javascript/package-lock.json.
# Where a client can't be had, the exit status is 77 and the reason is told.
set -eu
here=$(dirname "$(realpath "$0")")
moonstep=$(realpath "${1:?path of the moonstep binary}")
client=${2:?aws or javascript}
home=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill $server || true; wait; rm -rf "$home"' EXIT
unset MOONSTEP_CONFIG MOONSTEP_DATA MOONSTEP_ENDPOINT AWS_PROFILE
unset AWS_ENDPOINT_URL AWS_ENDPOINT_URL_SFN HTTP_PROXY http_proxy
export AWS_CONFIG_FILE=$home/none AWS_SHARED_CREDENTIALS_FILE=$home/none
export AWS_EC2_METADATA_DISABLED=true

skip() {
  echo "skipped: $*"
  exit 77
}

# The packages of the lock file, once for each of its versions.
install_javascript() {
  local major
  command -v node >/dev/null || skip "there is no node"
  command -v npm >/dev/null || skip "there is no npm"
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 20 ] || skip "the SDK needs node 20, this is $major"
  packages=$here/../../build/sdk/javascript
  mkdir -p "$packages"
  if ! cmp -s "$here/javascript/package-lock.json" "$packages/installed"; then
    cp "$here"/javascript/package*.json "$packages/"
    timeout 300 npm ci --prefix "$packages" --no-audit --no-fund \
      >"$packages/npm.log" 2>&1 || {
      tail -n 5 "$packages/npm.log"
      skip "npm can't install the SDK (no registry in reach?)"
    }
    cp "$here/javascript/package-lock.json" "$packages/installed"
  fi
  cp "$here/javascript/tour.mjs" "$packages/"
}

start_server() {
  local tries=0
  : >"$home/log"
  "$moonstep" serve --listen 127.0.0.1:0 --data "$home/data" 2>"$home/log" &
  server=$!
  until grep -q 'listening on' "$home/log"; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || { cat "$home/log"; exit 1; }
    sleep 0.05
  done
  endpoint=$(sed -n 's/.*listening on //p' "$home/log")
}

case $client in
  javascript)
    install_javascript
    start_server
    node "$packages/tour.mjs" "$endpoint"
    ;;
  aws)
    aws=/usr/bin/aws
    [ -x $aws ] || aws=$(command -v aws) || skip "there is no aws"
    $aws --version >/dev/null 2>&1 || skip "aws does not run"
    start_server
    "$here/aws.sh" "$aws" "$endpoint" "$home"
    ;;
  *)
    echo "no client is called $client" >&2
    exit 2
    ;;
esac
