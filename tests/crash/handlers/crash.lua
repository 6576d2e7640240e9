--- Task handlers of the crash suite.

local exec = require("exec")
local fs = require("fs")

local crash = {}

--- Gives back what it got.
function crash.echo(input)
  return input
end

--- Never succeeds, so that retriers and catchers have work.
function crash.flaky()
  error({ Error = "Flaky", Cause = "as always" })
end

--- Takes its time, and gives back what it got.
function crash.slow(input)
  if input.seconds > 0 then
    exec.run({ "sleep", string.format("%.1f", input.seconds) })
  end
  return input
end

--- Runs a program that must not run twice at once for the same execution: it
-- holds a lock, and writes "clash" into a ledger if somebody else has it.
function crash.locked(input)
  local result = exec.run({
    "flock", "--nonblock", "--conflict-exit-code", "75", input.lock,
    "sh", "-c", 'echo begin >>"$0"; sleep "$1"; echo end >>"$0"',
    input.ledger, input.seconds, check = false,
  })
  if result.status == 75 then
    exec.run({ "sh", "-c", 'echo clash >>"$0"', input.ledger })
  end
  return { done = input.number }
end

--- Hands a task token on: a line in a file, again if it is asked again.
function crash.hand_on(input)
  fs.append(input.path, input.token .. "\n")
  return { handed = true }
end

--- Fails until its execution has been redriven often enough.
function crash.until_redriven(input)
  if input.count < input.wanted then
    error({ Error = "NotYet", Cause = "redrive me" })
  end
  return input.count
end

return crash
