#!/bin/bash
# Tours with AWS's own clients against a server of ours.
#
#   tests/sdk/run.sh MOONSTEP aws|signed|python|javascript
#
# aws is Debian's awscli, signed the same with keys, and what its library signs
# is altered on the way; python is Debian's boto3 (./dev installs both) with the
# models of models/, which are newer; the JavaScript SDK is installed
# with npm into build/sdk, in the versions of javascript/package-lock.json.
# Where a client can't be had, the exit status is 77 and the reason is told.
set -eu
here=$(dirname "$(realpath "$0")")
moonstep=$(realpath "${1:?path of the moonstep binary}")
client=${2:?aws, signed, python or javascript}
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
  command -v node >/dev/null || skip "the SDK needs node 20 or later, and there is none"
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
  cp "$here"/javascript/*.mjs "$packages/"
}

# Where botocore finds the models: SERVICE/VERSION/service-2.json.
write_models() {
  local name version
  for name in stepfunctions/2016-11-23 scheduler/2021-06-30; do
    version=${name#*/}
    mkdir -p "$home/models/${name%/*}/$version"
    gzip -dc "$here/../../models/${name%/*}.json.gz" \
      >"$home/models/${name%/*}/$version/service-2.json"
  done
  export AWS_DATA_PATH=$home/models
}

start_server() {
  local tries=0
  : >"$home/log"
  "$moonstep" serve --listen 127.0.0.1:0 --data "$home/data" "$@" \
    2>"$home/log" &
  server=$!
  until grep -q 'listening on' "$home/log"; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || { cat "$home/log"; exit 1; }
    sleep 0.05
  done
  endpoint=$(sed -n 's/.*listening on //p' "$home/log")
}

find_aws() {
  aws=/usr/bin/aws
  [ -x $aws ] || aws=$(command -v aws) || skip "there is no aws"
  $aws --version >/dev/null 2>&1 || skip "aws does not run"
}

case $client in
  javascript)
    install_javascript
    start_server
    node "$packages/tour.mjs" "$endpoint"
    node "$packages/operations.mjs" "$endpoint"
    ;;
  python)
    /usr/bin/python3 -c 'import boto3' 2>/dev/null || skip "there is no boto3"
    write_models
    start_server
    /usr/bin/python3 "$here/python/tour.py" "$endpoint"
    ;;
  aws)
    find_aws
    start_server
    "$here/aws.sh" "$aws" "$endpoint" "$home"
    ;;
  signed)
    find_aws
    python=/usr/bin/python3
    [ -x $python ] || python=$(command -v python3) || skip "there is no python"
    $python -c 'import botocore' 2>/dev/null || skip "there is no botocore"
    export AWS_ACCESS_KEY_ID=tour AWS_SECRET_ACCESS_KEY=the/secret+of=the~tour
    (umask 077 && echo "tour $AWS_SECRET_ACCESS_KEY admin" >"$home/keys")
    start_server --keys "$home/keys" --audit "$home/audit"
    "$here/aws.sh" "$aws" "$endpoint" "$home"
    $python "$here/signed.py" "$endpoint" tour "$AWS_SECRET_ACCESS_KEY"
    "$moonstep" verify --audit "$home/audit"
    ;;
  *)
    echo "no client is called $client" >&2
    exit 2
    ;;
esac
