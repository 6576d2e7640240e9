-- Judges a report of the conformance runner: a case may fail only if
-- known.txt names it with a reason, and one that is named there has to fail.
--
--   judge.lua KNOWN REPORT PARTIAL     PARTIAL not 0: not all cases ran
--
-- known.txt: the id of a case on a line, its reason indented on the next.

local known_path, report_path, partial = arg[1], arg[2], arg[3] ~= "0"

local function read_known(path)
  local reasons, id = {}, nil
  for line in io.lines(path) do
    if line:find("^%s+%S") and id then
      reasons[id] = line:match("^%s+(.*)$")
    elseif line:find("^[^#%s]") then
      id = line:match("^(.-)%s*$")
      reasons[id] = ""
    end
  end
  return reasons
end

local known, problems, seen = read_known(known_path), {}, {}
local accepted, show = 0, false
for line in io.lines(report_path) do
  local verdict, id = line:match("^(%u+)  (.-)  [%d.]+s")
  if verdict == "FAIL" or verdict == "PASS" then
    seen[id] = true
    show = verdict == "FAIL" and not known[id]
  elseif not line:find("^      ") then
    show = true
  end
  if verdict == "FAIL" and known[id] then
    accepted = accepted + 1
    print(("KNOWN %s: %s"):format(id, known[id]))
  elseif show then
    print(line)
  end
  if verdict == "FAIL" and not known[id] then
    problems[#problems + 1] = id .. " failed"
  elseif verdict == "PASS" and known[id] then
    problems[#problems + 1] = id .. " passes: remove it from known.txt"
  end
end
for id, reason in pairs(known) do
  if reason == "" then
    problems[#problems + 1] = id .. " has no reason in known.txt"
  elseif not seen[id] and not partial then
    problems[#problems + 1] = id .. " of known.txt did not run"
  end
end
if next(seen) == nil then
  problems[1] = "no case ran"
end
table.sort(problems)
print(("%d known failures, %d problems"):format(accepted, #problems))
for _, problem in ipairs(problems) do
  print("  " .. problem)
end
os.exit(#problems == 0)
