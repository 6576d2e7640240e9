#!/bin/sh
# Workflows in Lua: run, validate, create.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"

mkdir -p "$home/project/handlers"
cd "$home/project"
cat >flow.lua <<'LUA'
local ms = require("moonstep")
local exec = require("exec")
local names = require("names")
local limit = 2

return ms {
  comment = "Counts",
  ms.task("Look", function(input)
    return { "a", "b", input.name, names.last }
  end):into("found"),
  ms.choice("Many?"):when("#input.found > 2", {
    ms.wait("Rest", "90d"),
    ms.task("Count v1.0", function(input)
      return { count = #input.found, limit = limit,
        word = exec("printf", "%s", "done").stdout }
    end),
  }):otherwise{ ms.fail("Few", { error = "Flow.Few" }) },
  ms.choice("Even?"):when(function(input)
    return input.count % 2 == 0
  end, { ms.pass("Yes"):output({ even = true,
    count = ms.expr("input.count * 10") }) }),
}
LUA
echo 'return { last = "z" }' >names.lua

# What `new` makes runs; nothing is overwritten.
expect 0 new mine
out_has "moonstep run mine.lua"
expect 0 run mine/mine.lua --input '{"limit": 101}'
out_is '"there is room everywhere"'
expect 0 run mine/mine.lua --input '{"limit": 0}'
out_has '"/'
expect 1 new mine
err_has "mine/mine.lua: File exists"
expect 2 new "a b"
err_has "can't name a workflow"

# The functions run, in a worker; what stands beside the file comes along.
expect 0 run flow.lua --input '{"name":"c"}' --virtual-time
out_is '{"count":40,"even":true}'

# What it compiles to runs as well, without the file.
expect 0 validate flow.lua
err_has "1 valid"
expect 0 validate --asl flow.lua
cp "$home/out" flow.asl.json
expect 0 validate flow.asl.json
grep -q '"Resource": "lua:flow.Count v1.0"' flow.asl.json ||
  fail "no resource: $(cat flow.asl.json)"
mkdir elsewhere && cp flow.lua names.lua elsewhere
expect 0 run flow.asl.json --handlers elsewhere --input '{"name":"c"}' \
  --virtual-time
out_is '{"count":40,"even":true}'
expect 0 graph flow.lua --format mermaid
out_has "Count v1.0"

# An interrupted run goes on with the file that it began with.
expect 0 run flow.lua --data data --name one --input '{"name":"c"}' \
  --virtual-time
sed -i 's/count \* 10/count * 20/' flow.lua
expect 0 run flow.lua --data data --name one --virtual-time
out_is '{"count":40,"even":true}'

# What is wrong has the line of the Lua file.
cat >wrong.lua <<'LUA'
local ms = require("moonstep")
return ms {
  ms.pass("A"),
  ms.choice("C"):when("input.x > 3", "Nowhere"),
}
LUA
expect 1 validate wrong.lua
out_has "wrong.lua:4:3: error: Missing 'Next' target: Nowhere"
out_has 'ms.choice("C"):when'
expect 1 run wrong.lua
echo 'local x = os.time()' >time.lua
expect 1 run time.lua
err_has "time.lua:1: os.time: only a task can do that"
expect 1 validate time.lua
err_has "time.lua:1: os.time"
echo 'return 1' >number.lua
expect 1 graph number.lua
err_has "returns moonstep { … }"
expect 2 run missing.lua
LUA_INIT='os.exit(9)' expect 0 validate flow.lua

# An error inside a function names its line.
cat >fails.lua <<'LUA'
local ms = require("moonstep")
return ms {
  ms.task("A", function()
    error("no way")
  end),
}
LUA
expect 1 run fails.lua
err_has "fails.lua:4: no way"
