--- extract: from a source to chunks of rows that all have the same fields.
--
-- A chunk is a file of JSON lines in the staging directory; what the states
-- pass on are its name and length, however large the source. Amounts become
-- whole cents. Run again, it makes the same files.

local fs = require("fs")
local json = require("json")
local log = require("log")

local extract = {}

local function bad_source(path, line, what)
  error({ Error = "Etl.BadSource", Cause = ("%s: line %d: %s"):format(path,
    line, what) })
end

-- The fields of a line; quoted ones may hold commas and doubled quotes.
local function split_csv(line, path, number)
  local fields, at = {}, 1
  repeat
    local field, stop
    if line:sub(at, at) == '"' then
      local close = at + 1
      while line:sub(close, close + 1) == '""' or line:sub(close, close) ~= '"'
      do
        if close > #line then
          bad_source(path, number, "a quote is not closed")
        end
        close = close + (line:sub(close, close + 1) == '""' and 2 or 1)
      end
      field, stop = line:sub(at + 1, close - 1):gsub('""', '"'), close + 1
    else
      stop = line:find(",", at, true) or #line + 1
      field = line:sub(at, stop - 1)
    end
    fields[#fields + 1] = field
    at = stop + 1
  until stop > #line
  return fields
end

local function csv_rows(path)
  local rows, names, number = {}, nil, 0
  for line in fs.read(path):gmatch("([^\r\n]*)\r?\n") do
    number = number + 1
    local fields = split_csv(line, path, number)
    if not names then
      names = fields
    elseif #fields ~= #names then
      bad_source(path, number, ("%d fields, not %d"):format(#fields, #names))
    else
      local row = {}
      for i, name in ipairs(names) do
        row[name] = fields[i]
      end
      rows[#rows + 1] = row
    end
  end
  return rows
end

local function jsonl_rows(path)
  local rows, number = {}, 0
  for line in fs.read(path):gmatch("[^\n]+") do
    number = number + 1
    local ok, row = pcall(json.decode, line)
    if not ok then
      bad_source(path, number, tostring(row))
    end
    rows[number] = row
  end
  return rows
end

-- Whole cents; what is no number stays as it is, to be rejected.
local function cents_of(amount)
  local number = tonumber(amount)
  return number and math.floor(number * 100 + 0.5) or amount
end

local function pick(row, fields)
  local picked = {}
  for name, theirs in pairs(fields) do
    picked[name] = row[theirs]
  end
  picked.amount = cents_of(picked.amount)
  return picked
end

local function write_chunk(input, rows, from)
  local lines = {}
  local file = ("%s/%s-%06d.jsonl"):format(input.staging, input.source, from)
  for i = from, math.min(from + input.chunk - 1, #rows) do
    lines[#lines + 1] = json.encode(pick(rows[i], input.fields)) .. "\n"
  end
  fs.write(file, table.concat(lines))
  return { source = input.source, file = file, rows = #lines }
end

local function stage(input, rows)
  local chunks = json.array({})
  fs.mkdir_p(input.staging)
  for from = 1, #rows, input.chunk do
    chunks[#chunks + 1] = write_chunk(input, rows, from)
  end
  log("%s: %d rows, %d chunks", input.path, #rows, #chunks)
  return { chunks = chunks, rows = #rows }
end

--- A CSV file with a line of names.
function extract.csv(input)
  return stage(input, csv_rows(input.path))
end

--- A file with a JSON object in each line.
function extract.jsonl(input)
  return stage(input, jsonl_rows(input.path))
end

--- Two columns of a CSV file as an object.
function extract.lookup(input)
  local map = {}
  for _, row in ipairs(csv_rows(input.path)) do
    map[row[input.key]] = row[input.value]
  end
  return map
end

return extract
