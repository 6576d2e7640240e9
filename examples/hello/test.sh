#!/bin/sh
# Runs the example: test.sh MOONSTEP (or the variable MOONSTEP).
set -eu
here=$(dirname "$(realpath "$0")")
moonstep=${1:-${MOONSTEP:?path of the moonstep binary}}

expect() { # EXPECTED STATUS INPUT
  status=0
  output=$("$moonstep" run "$here/hello.asl.json" --input "$3" \
    2>/dev/null) || status=$?
  if [ "$output" != "$1" ] || [ $status != "$2" ]; then
    echo "input $3 gave '$output' (exit status $status), not '$1' ($2)"
    exit 1
  fi
}

expect '{"greeting":"Hello, World!"}' 0 '{}'
expect '{"name":"Ada","greeting":"Hello, Ada!"}' 0 '{"name":"Ada"}'
expect '{"late":true,"greeting":"Hello, World!","farewell":"Good night."}' \
  0 '{"late":true}'
expect '' 1 '{"name":7}'
