--- Definitions of AWS's public samples: they load.
--
-- The directory is conformance/definitions beside the source tree, or below
-- $MOONSTEP_CONFORMANCE; without it there is nothing to test.

local lfs = require("lfs")
local machine = require("machine")

local directory = (os.getenv("MOONSTEP_CONFORMANCE")
  or "../shared/conformance") .. "/definitions"

-- What no engine should take: a definition with one of these is refused with a
-- diagnostic that says so.
local REFUSALS = {
  -- QueryLanguage as the name of a state
  { has = '"States": {\n    "QueryLanguage": "JSONata"',
    says = "field 'Output' is only supported for the 'JSONata'" },
}

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

local function messages(problems)
  local lines = {}
  for i, problem in ipairs(problems) do
    lines[i] = problem.message .. " at " .. tostring(problem.location)
  end
  return table.concat(lines, "\n")
end

local function refusal_of(text)
  for _, refusal in ipairs(REFUSALS) do
    if text:find(refusal.has, 1, true) then
      return refusal
    end
  end
end

describe("a sample definition", function()
  if not lfs.attributes(directory) then
    pending("there are no samples: " .. directory)
    return
  end
  for name in lfs.dir(directory) do
    if name:find("%.json$") then
      it(name, function()
        local text = read(directory .. "/" .. name)
        local loaded, problems = machine.load(text)
        local refusal = refusal_of(text)
        if loaded then
          assert.is_true(#loaded.states > 0)
        elseif refusal then
          assert.is_truthy(messages(problems):find(refusal.says, 1, true))
        else
          error(messages(problems))
        end
      end)
    end
  end
end)
