--- inventory: what was counted against what was booked.
--
-- Rows come from a CSV file, so all of their fields are texts.

local fs = require("fs")
local json = require("json")
local log = require("log")

local inventory = {}

local function number_of(row, field)
  local number = tonumber(row[field])
  if not number or number < 0 or number % 1 ~= 0 then
    error({ Error = "Inventory.BadRow", Cause = ("%s: %s is %q"):format(
      row.sku, field, row[field]) })
  end
  return number
end

local function compare(row)
  local counted, booked = number_of(row, "counted"), number_of(row, "booked")
  return {
    sku = row.sku,
    warehouse = row.warehouse,
    booked = booked,
    counted = counted,
    cents = (counted - booked) * number_of(row, "cents"),
  }
end

--- The differences in a batch of rows. A row that can't be read fails the
-- batch: somebody has to look at that part of the list.
function inventory.check(batch)
  local differences = json.array({})
  for _, row in ipairs(batch.Items) do
    local line = compare(row)
    if math.abs(line.counted - line.booked) > batch.BatchInput.slack then
      differences[#differences + 1] = line
    end
  end
  return differences
end

-- The lines of the files that the ResultWriter has written.
local function each_line(to, files)
  local lines = {}
  for _, file in ipairs(files) do
    for line in fs.read(to .. "/" .. file.Key):gmatch("[^\n]+") do
      lines[#lines + 1] = json.decode(line)
    end
  end
  return ipairs(lines)
end

local function add(house, line)
  local missing = line.cents < 0 and "missing" or "too_many"
  house.differences = house.differences + 1
  house[missing] = house[missing] + math.abs(line.counted - line.booked)
  house.cents = house.cents + line.cents
end

--- Sums up the results of the Map Run, by warehouse; which batches have to be
-- counted again, and why.
function inventory.summary(input)
  local manifest = json.decode(fs.read(input.to .. "/" .. input.manifest))
  local houses, again = {}, json.array({})
  for _, line in each_line(input.to, manifest.ResultFiles.SUCCEEDED) do
    local house = houses[line.warehouse]
      or { differences = 0, missing = 0, too_many = 0, cents = 0 }
    add(house, line)
    houses[line.warehouse] = house
  end
  for _, child in each_line(input.to, manifest.ResultFiles.FAILED) do
    local items = json.decode(child.Input).Items
    again[#again + 1] = { from = items[1].sku, to = items[#items].sku,
      why = child.Cause }
  end
  table.sort(again, function(a, b)
    return a.from < b.from
  end)
  log("%d batches to be counted again", #again)
  local summary = { warehouses = houses, count_again = again }
  fs.write(input.to .. "/summary.json", json.encode(summary) .. "\n")
  return summary
end

return inventory
