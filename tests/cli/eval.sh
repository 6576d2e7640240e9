#!/bin/sh
# Expressions on the command line: results, errors with their place, lines.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"

expect 0 eval '$sum(items.price)' --input '{"items":[{"price":2.5},{"price":4}]}'
out_is "6.5"
echo '{"id": 12345678901234567890, "price": 1.0}' >"$home/order.json"
expect 0 eval 'id' --input "@$home/order.json"
out_is "12345678901234567890"
expect 0 eval 'price' --input "$home/order.json"
out_is "1.0"
expect 0 eval 'nothing' --input '{}'
out_is ""
expect 0 eval '$n + 1' --bindings '{"n": 1}'
out_is "2"
expect 0 eval '$.items[0]' --query-language JSONPath --input '{"items":[7]}'
out_is "7"

expect 1 eval '1 +
  "x" * 2'
err_has 'T2001: The left side of the "*" operator must evaluate to a number'
err_has '  "x" * 2'
expect 1 eval '1 +'
err_has "S0207: Unexpected end of expression"
expect 1 eval 'a' --input '{'
err_has "--input: "
expect 2 eval

cat >"$home/requests" <<'LINES'
{"id": "a", "expr": "$x & data", "data": {"data": 1}, "bindings": {"x": "y"}}
not JSON
{"id": 2, "expr": "$f()"}
LINES
"$moonstep" eval --jsonl <"$home/requests" >"$home/out"
out_has '{"result":"y1","id":"a"}'
out_has '"error":{"message":'
out_has '"code":"T1006"'
