#!/bin/sh
# Pictures of definitions, in each format; what can't be drawn.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"

cat >"$home/loop.asl.json" <<'ASL'
{"StartAt": "Wait & see", "States": {
  "Wait & see": {"Type": "Wait", "Seconds": 30, "Next": "Ready?"},
  "Ready?": {"Type": "Choice", "Default": "Wait & see", "Choices": [
    {"Variable": "$.ready", "BooleanEquals": true, "Next": "Done"}]},
  "Done": {"Type": "Succeed"}}}
ASL

expect 0 graph "$home/loop.asl.json"
out_has '<svg xmlns="http://www.w3.org/2000/svg"'
out_has "Wait &amp; see"
out_has "</svg>"
cp "$home/out" "$home/picture"
expect 0 graph "$home/loop.asl.json" --format svg --output "$home/written.svg"
out_is ""
cmp "$home/picture" "$home/written.svg" || fail "--output differs"

expect 0 graph "$home/loop.asl.json" --format mermaid
out_has "flowchart TB"
out_has 's1(["Wait #amp; see"]):::Wait'
expect 0 graph "$home/loop.asl.json" --format dot
out_has 'digraph "state machine" {'
expect 0 graph "$home/loop.asl.json" --format json
out_has '"id":"/States/Ready?"'

"$moonstep" graph - --format mermaid <"$home/loop.asl.json" >"$home/out"
out_has "flowchart TB"

# A distributed Map is told from others.
cat >"$home/each.asl.json" <<'ASL'
{"StartAt": "Each", "States": {"Each": {"Type": "Map", "Label": "Parts",
  "End": true, "ItemProcessor": {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
    "StartAt": "One", "States": {"One": {"Type": "Pass", "End": true}}}}}}
ASL
expect 0 graph "$home/each.asl.json"
out_has '<rect class="ring"'
out_has "Distributed Map Parts (EXPRESS)"
expect 0 graph "$home/each.asl.json" --format mermaid
out_has 'subgraph s1 ["Each: Distributed Map Parts #40;EXPRESS#41;"]'
expect 0 graph "$home/each.asl.json" --format dot
out_has 'label="Each\nDistributed Map Parts (EXPRESS)"'
expect 0 graph "$home/each.asl.json" --format json
out_has '"distributed":true'

# Half-written definitions are drawn; what is not JSON is not.
echo '{"States": {"A": {"Next": "B"}}}' >"$home/half.json"
expect 0 graph "$home/half.json"
out_has "no such state"
printf '{"StartAt": "A",\n "States": }' >"$home/bad.json"
expect 1 graph "$home/bad.json"
err_has "bad.json: line 2, column 12:"
out_is ""
echo '[]' >"$home/list.json"
expect 1 graph "$home/list.json"
err_has "a definition is a JSON object, this is an array"

expect 2 graph
err_has "graph needs FILE"
expect 2 graph "$home/none.json"
err_has "none.json: No such file"
expect 2 graph "$home/loop.asl.json" --format png
err_has "give svg|mermaid|dot|json"
expect 2 graph "$home/loop.asl.json" --output "$home/none/x.svg"
err_has "none/x.svg: No such file"
