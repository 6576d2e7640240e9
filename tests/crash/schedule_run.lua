--- Schedules that fire while their server is killed again and again.
--
--   luajit tests/crash/schedule_run.lua --moonstep PROGRAM [--rounds N]
--     [--seed N]
--
-- Some schedules come up in each second. Their executions are named after the
-- attempt that started them, so that a slot which is started twice shows: in
-- the end there must be one execution for each slot.

local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path

local cjson = require("cjson")
local http = require("http")
local server = require("server")

local PER_SECOND = 8
local FINISH_MS = 60000
local MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:m"
local DEFINITION = [[{"StartAt": "A", "States": {
  "A": {"Type": "Pass", "Next": "B"},
  "B": {"Type": "Wait", "Seconds": 1, "End": true}}}]]

local options = { rounds = 20, seed = os.time() }
for i = 1, #arg, 2 do
  options[arg[i]:sub(3)] = tonumber(arg[i + 1]) or arg[i + 1]
end
math.randomseed(options.seed)

local pipe = io.popen("mktemp -d")
local directory = pipe:read("*l")
pipe:close()
os.execute("mkdir -p " .. directory .. "/handlers; : >" .. directory ..
  "/log")

local function start()
  local process = server.start({
    program = options.moonstep, data = directory .. "/data",
    handlers = directory .. "/handlers", log = directory .. "/log",
  })
  return process, process:wait_url(30000)
end

local function ask(client, target, body)
  local status, answer = client:ask(target, body, 20000)
  assert(status == 200, target .. ": " .. tostring(status) .. " " ..
    (type(answer) == "table" and cjson.encode(answer) or tostring(answer)))
  return answer
end

local function create(client, name, time)
  ask(client, "Scheduler.CreateSchedule", {
    Name = name,
    ScheduleExpression = os.date("!at(%Y-%m-%dT%H:%M:%S)", time),
    FlexibleTimeWindow = { Mode = "OFF" },
    ActionAfterCompletion = "DELETE",
    Target = {
      Arn = "arn:aws:scheduler:::aws-sdk:sfn:startExecution",
      RoleArn = "arn:aws:iam::000000000000:role/r",
      Input = cjson.encode({ StateMachineArn = MACHINE, Input = "{}",
        Name = name .. "-<aws.scheduler.execution-id>" }),
    },
  })
end

--- How many executions each slot has, once no schedule is left.
local function counts(client)
  local by_name, token = {}, nil
  local deadline = server.now_ms() + FINISH_MS
  repeat
    server.pause_ms(100)
    assert(server.now_ms() < deadline, "there are schedules left")
  until #ask(client, "Scheduler.ListSchedules", { MaxResults = 1 })
    .Schedules == 0
  repeat
    local page = ask(client, "AWSStepFunctions.ListExecutions",
      { stateMachineArn = MACHINE, nextToken = token })
    for _, execution in ipairs(page.executions) do
      local name = execution.name:match("^(s%d+)-")
      by_name[name] = (by_name[name] or 0) + 1
    end
    token = page.nextToken
  until not token
  return by_name
end

local process, url = start()
local client = http.new(url)
ask(client, "AWSStepFunctions.CreateStateMachine",
  { name = "m", definition = DEFINITION,
    roleArn = "arn:aws:iam::123456789012:role/r" })
local seconds = math.ceil(options.rounds * 0.5)
local wanted, begin = seconds * PER_SECOND, os.time() + 3
for i = 1, wanted do
  create(client, "s" .. i, begin + math.floor(i / PER_SECOND))
end
for _ = 1, options.rounds do
  server.pause_ms(math.random(900))
  client:close()
  process:kill()
  process, url = start()
  client = http.new(url)
end
while os.time() < begin + seconds + 1 do
  server.pause_ms(100)
end
local found, problems = counts(client), 0
for i = 1, wanted do
  local count = found["s" .. i] or 0
  if count ~= 1 then
    problems = problems + 1
    print(("slot %d was started %d times"):format(i, count))
  end
end
client:close()
process:stop()
print(("%d kills, %d slots, seed %d: %d problems"):format(options.rounds,
  wanted, options.seed, problems))
if problems == 0 then
  os.execute("rm -rf " .. directory)
else
  print("see " .. directory)
end
os.exit(problems == 0 and 0 or 1)
