#!/bin/sh
# `moonstep worker`: handlers as workers of a server's activities.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN

workers=
trap 'for one in $workers $server; do kill -9 $one 2>/dev/null || true; done
      rm -rf "$home"' EXIT

mkdir "$home/handlers" "$home/marks"
cat >"$home/handlers/work.lua" <<'LUA'
local fs = require("fs")

-- Waits until the file is there, for a minute at most.
local function await(path)
  for _ = 1, 1200 do
    if fs.exists(path) then
      return
    end
    require("sleep")(0.05)
  end
  error("never came: " .. path)
end

return {
  double = function(input, task)
    task:log("doubles", input.n)
    return { n = 2 * input.n, attempt = task.attempt }
  end,
  refuse = function()
    error({ Error = "Own.Refused", Cause = "not this week" })
  end,
  -- Says that it runs, and ends when it is told to.
  hold = function(input)
    fs.write(input.mark, "runs")
    await(input.mark .. ".go")
    return "held"
  end,
  -- Its own heartbeats for three intervals, then it ends.
  beat = function(_, task)
    for _ = 1, 30 do
      require("sleep")(0.1)
      task:heartbeat()
    end
    return "beaten"
  end,
  -- Dies of a signal the first time, and has its checkpoint the second.
  die = function(input, task)
    if not task.cursor then
      task:checkpoint({ at = 7 })
      fs.write(input.mark, "runs")
      await(input.mark .. ".go")
    end
    return { cursor = task.cursor, restarted = task.restarted }
  end,
  large = function()
    return ("x"):rep(300000)
  end,
}
LUA

# api OPERATION BODY: a call of the server.
api() {
  curl -sS --noproxy '*' -H "X-Amz-Target: AWSStepFunctions.$1" \
    -H "Content-Type: application/x-amz-json-1.0" -d "$2" \
    "$MOONSTEP_ENDPOINT" >"$home/api" || fail "no answer to $1"
  ! grep -q __type "$home/api" || { cat "$home/api"; fail "$1"; }
}

arn() { echo "arn:aws:states:us-east-1:000000000000:activity:$1"; }

# machine NAME [MEMBERS]: an activity of that name, a machine that waits for it.
machine() {
  api CreateActivity "{\"name\": \"$1\"}"
  cat >"$home/${1#work.}.asl.json" <<JSON
{"StartAt": "Do", "States": {"Do": {
  "Type": "Task", "Resource": "$(arn "$1")",${2:-} "End": true}}}
JSON
}

# start_worker NAME ARGUMENT...: its stderr is $home/NAME, its process $worker.
start_worker() {
  name=$1
  shift
  "$moonstep" worker --handlers "$home/handlers" --worker-name "$name" "$@" \
    2>"$home/$name" &
  worker=$!
  workers="$workers $worker"
  wait_for 'tasks of' "$home/$name"
}

# ended STATUS NAME: the worker's end.
ended() {
  status=0 others=
  wait $worker || status=$?
  for one in $workers; do
    [ "$one" = "$worker" ] || others="$others $one"
  done
  workers=$others
  [ $status = "$1" ] || { cat "$home/$2"; fail "$2 ended with $status"; }
}

# stop_worker NAME
stop_worker() {
  kill -TERM $worker
  ended 0 "$1"
}

start_server --profile aws
for one in double refuse hold beat die large; do
  machine work.$one
done

# What is not right is said at once.
expect 2 worker --handlers "$home/handlers"
err_has "--activity says"
expect 2 worker --activity work.double
err_has "--handlers says"
expect 2 worker --handlers "$home/handlers" --activity nodot
err_has "MODULE.FUNCTION"
expect 2 worker --handlers "$home/handlers" --activity other.function
err_has "no file other.lua"
expect 2 worker --handlers "$home/handlers" \
  --activity arn:aws:states:eu-west-1:123456789012:stateMachine:work.double
err_has "no ARN of an activity"
expect 2 worker --handlers "$home/handlers" --activity work.double --polls 65
err_has "from 1 to 64"
expect 2 worker --handlers "$home/handlers" --activity work.double \
  --endpoint ftp://127.0.0.1
err_has "no URL of http"
expect 1 worker --handlers "$home/handlers" --activity unknown=work.double
err_has "ActivityDoesNotExist"

# Success and failure, handlers by the activity's name and by another one.
machine other ' "HeartbeatSeconds": 60,'
start_worker first --activity "$(arn work.double)" --activity work.refuse \
  --activity "$(arn other)=work.double" --activity work.large
expect 0 start "$home/double.asl.json" --input '{"n": 4}' --wait
out_is '{"attempt":1,"n":8}'
expect 0 start "$home/other.asl.json" --input '{"n": 5}' --name o --wait
out_is '{"attempt":1,"n":10}'
expect 0 history other:o --json
out_has '"workerName":"first"'
expect 1 start "$home/refuse.asl.json" --wait
err_has "Own.Refused"
err_has "not this week"
expect 1 start "$home/large.asl.json" --name l --wait
err_has "States.DataLimitExceeded"
wait_for 'work.double #1 succeeded' "$home/first"
wait_for 'work.double #1 | doubles 4' "$home/first"
wait_for 'failed after .*: Own.Refused: not this week' "$home/first"
stop_worker first

# A handler that takes longer than HeartbeatSeconds: beats come by themselves.
machine work.slow ' "HeartbeatSeconds": 2,'
start_worker beats --activity "$(arn work.slow)=work.beat" --heartbeat 1
expect 0 start "$home/slow.asl.json" --name automatic --wait
out_is '"beaten"'
stop_worker beats

# Or from the handler alone.
machine work.beating ' "HeartbeatSeconds": 1,'
start_worker own --activity "$(arn work.beating)=work.beat" --heartbeat 0
expect 0 start "$home/beating.asl.json" --name own --wait
out_is '"beaten"'
stop_worker own

# A task that is over ends its handler.
machine work.over
start_worker over --activity "$(arn work.over)=work.hold" --heartbeat 1
expect 0 start "$home/over.asl.json" --name x \
  --input "{\"mark\": \"$home/marks/over\"}"
wait_for runs "$home/marks/over"
expect 0 stop over:x
wait_for 'is over, its handler is ended: TaskTimedOut' "$home/over"
stop_worker over

# Two share: each has one place, so they get one each.
start_worker left --activity work.hold --concurrency 1
left=$worker
start_worker right --activity work.hold --concurrency 1
right=$worker
for one in a b; do
  expect 0 start "$home/hold.asl.json" --name "share-$one" \
    --input "{\"mark\": \"$home/marks/share-$one\"}"
done
wait_for runs "$home/marks/share-a"
wait_for runs "$home/marks/share-b"
wait_for '#1 started' "$home/left"
wait_for '#1 started' "$home/right"
touch "$home/marks/share-a.go" "$home/marks/share-b.go"
expect 0 history hold:share-a --follow
expect 0 history hold:share-b --follow
stop_worker right
worker=$left

# Stopping lets what runs end, and takes nothing new.
expect 0 start "$home/hold.asl.json" --name graceful \
  --input "{\"mark\": \"$home/marks/graceful\"}"
wait_for runs "$home/marks/graceful"
kill -TERM $worker
wait_for 'stopping, with tasks under way: 1' "$home/left"
touch "$home/marks/graceful.go"
ended 0 left
expect 0 history hold:graceful --follow

# The second signal ends at once.
start_worker twice --activity work.hold
expect 0 start "$home/hold.asl.json" --name twice \
  --input "{\"mark\": \"$home/marks/twice\"}"
wait_for runs "$home/marks/twice"
kill -INT $worker
wait_for stopping "$home/twice"
kill -INT $worker
ended 130 twice

# A process of the pool is killed: the handler goes on at its checkpoint.
start_worker dies --activity work.die --workers 1
expect 0 start "$home/die.asl.json" --name d \
  --input "{\"mark\": \"$home/marks/die\"}"
wait_for runs "$home/marks/die"
touch "$home/marks/die.go"
kill -9 $(cat /proc/$worker/task/$worker/children)
expect 0 history die:d --follow
expect 0 show die:d
out_has '"cursor":{"at":7}'
stop_worker dies

# The server is away while a handler ends: it hears of it later.
start_worker patient --activity work.hold --heartbeat 1
expect 0 start "$home/hold.asl.json" --name away \
  --input "{\"mark\": \"$home/marks/away\"}"
wait_for runs "$home/marks/away"
kill_server
touch "$home/marks/away.go"
wait_for 'trying again' "$home/patient"
start_server --profile aws
expect 0 history hold:away --follow
wait_for '#1 succeeded' "$home/patient"
expect 0 start "$home/hold.asl.json" --name back \
  --input "{\"mark\": \"$home/marks/back\"}"
wait_for runs "$home/marks/back"
touch "$home/marks/back.go"
expect 0 history hold:back --follow
[ "$(grep -c 'trying again' "$home/patient")" = 1 ] || fail "told twice"
stop_worker patient
stop_server

# With keys everything is signed.
printf 'handlers-key secret-of-the-handlers worker\n' >"$home/keys"
printf 'starters-key secret-of-the-starters admin\n' >>"$home/keys"
chmod 600 "$home/keys"
start_server --keys "$home/keys"
AWS_ACCESS_KEY_ID=handlers-key AWS_SECRET_ACCESS_KEY=secret-of-the-handlers \
  AWS_SESSION_TOKEN=ignored \
  start_worker signed --activity work.double
AWS_ACCESS_KEY_ID=starters-key
AWS_SECRET_ACCESS_KEY=secret-of-the-starters
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
expect 0 start double --input '{"n": 21}' --name signed
expect 0 history double:signed --follow
expect 0 show double:signed
out_has '"n":42'
stop_worker signed
AWS_SECRET_ACCESS_KEY=secret-of-somebody-else
expect 1 worker --handlers "$home/handlers" --activity work.double
err_has "can't be polled: InvalidSignatureException"
stop_server
