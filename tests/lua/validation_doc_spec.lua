--- docs/validation.md has the codes that there are, and says of each what the
-- code says.

local diagnostics = require("asl.diagnostics")
local validator = require("asl.validator")

-- Rows of the table of codes.
local function rows_in(path)
  local file = assert(io.open(path))
  local rows = {}
  for line in file:lines() do
    if line:find("^| `[A-Z_]+` |") then
      rows[#rows + 1] = line
    end
  end
  file:close()
  return rows
end

local function row(code, severity, summary)
  return "| `" .. code .. "` | " .. severity .. " | " .. summary .. " |"
end

local function expected_rows()
  local rows = {}
  for _, code in ipairs(diagnostics.errors) do
    rows[#rows + 1] = row(code[1], "ERROR", code[2])
  end
  for _, check in ipairs(validator.checks) do
    if not check.is_shared then
      rows[#rows + 1] = row(check.code, check.severity, check.summary)
    end
  end
  return rows
end

describe("docs/validation.md", function()
  it("lists the codes", function()
    local expected, found = expected_rows(), rows_in("docs/validation.md")
    assert.equal(table.concat(expected, "\n"), table.concat(found, "\n"))
  end)
end)
