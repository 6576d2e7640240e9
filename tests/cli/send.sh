#!/bin/sh
# `moonstep send`: answers by token, of tasks that wait for them.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

mkdir "$home/handlers"
cat >"$home/handlers/ask.lua" <<'LUA'
return {
  person = function(input)
    require("fs").write(input.file, input.token)
    return "asked"
  end,
}
LUA
cat >"$home/ask.asl.json" <<'JSON'
{"StartAt": "Ask", "States": {"Ask": {
  "Type": "Task", "Resource": "lua:ask.person.waitForTaskToken",
  "Parameters": {"token.$": "$$.Task.Token", "file.$": "$.file"},
  "HeartbeatSeconds": 3600, "End": true}}}
JSON
start_server --handlers "$home/handlers"

# ask NAME: starts one; its token is in $token when it has been asked.
ask() {
  expect 0 start "$home/ask.asl.json" --name "$1" \
    --input "{\"file\": \"$home/$1\"}"
  wait_for . "$home/$1"
  token=$(cat "$home/$1")
}

ask one
expect 0 send heartbeat "$token"
out_is ""
expect 0 send success "$token" --output '{"yes": 1.0}'
expect 0 history ask:one --follow
expect 0 show ask:one
out_has '{"yes": 1.0}'
expect 1 send success "$token" --output 2
err_has TaskTimedOut
expect 1 send heartbeat "$token"
err_has TaskTimedOut

ask two
expect 0 send failure "$token" --error Own.No --cause "not this week" --json
out_is "{}"
expect 1 history ask:two --follow
expect 0 show ask:two
out_has "Own.No"
out_has "not this week"

ask three
printf '[1,2]' >"$home/answer"
expect 1 send success "$token" --output '{"open'
err_has InvalidOutput
expect 0 send success "$token" --output "@$home/answer"
expect 0 history ask:three --follow
expect 0 show ask:three
out_has "[1,2]"

expect 1 send success no-token
err_has InvalidToken
expect 2 send perhaps "$token"
err_has "none of success, failure, heartbeat"
expect 2 send heartbeat "$token" --error E
err_has "send heartbeat has no --error"
expect 2 send failure "$token" --output 1
err_has "send failure has no --output"
stop_server
