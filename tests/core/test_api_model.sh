#!/bin/sh
# core/api_model.c is what core/api_model.lua writes from AWS's service model.
# The model is not part of this repository: MOONSTEP_API_MODEL names it, or it
# stands beside the sources; without it, the test is skipped (77).
here=$(dirname "$0")/../..
model=${MOONSTEP_API_MODEL:-$here/../shared/api/stepfunctions.json}
if [ ! -r "$model" ]; then
  echo "skipped: no service model (MOONSTEP_API_MODEL)"
  exit 77
fi
luajit "$here/core/api_model.lua" "$model" | cmp - "$here/core/api_model.c"
