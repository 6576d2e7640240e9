#!/bin/sh
# api_model.c and api_scheduler_model.c of core/api/ are what api_model.lua
# writes from AWS's service models. The models are not part of this
# repository: MOONSTEP_API_MODELS names their directory, or it stands beside
# the sources; without it, the test is skipped (77).
here=$(dirname "$0")/../..
models=${MOONSTEP_API_MODELS:-$here/../shared/api}
for pair in stepfunctions:api_model scheduler:api_scheduler_model; do
  model=$models/${pair%%:*}.json
  if [ ! -r "$model" ]; then
    echo "skipped: no service model (MOONSTEP_API_MODELS)"
    exit 77
  fi
  luajit "$here/core/api/api_model.lua" "$model" |
    cmp - "$here/core/api/${pair##*:}.c" || exit 1
done
