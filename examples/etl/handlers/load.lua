--- load: chunks in and out of the staging directory, and from there to the
-- target. Every file is replaced as a whole, under a name that is the same
-- when a handler runs again.

local fs = require("fs")
local json = require("json")
local log = require("log")

local load = {}

local function lines_of(rows)
  local lines = {}
  for i, row in ipairs(rows) do
    lines[i] = json.encode(row) .. "\n"
  end
  return table.concat(lines)
end

local function read_rows(file)
  local rows = json.array({})
  for line in fs.read(file):gmatch("[^\n]+") do
    rows[#rows + 1] = json.decode(line)
  end
  return rows
end

--- The rows of a chunk, each with its region (null: the country is unknown).
function load.read(input)
  local rows = read_rows(input.chunk.file)
  for _, row in ipairs(rows) do
    row.region = input.regions[row.country] or json.null
  end
  return rows
end

--- Writes what became of a chunk.
function load.write(input)
  local part = ("%s/part-%06d"):format(input.staging, input.number)
  fs.write(part .. ".accepted", lines_of(input.rows.accepted))
  fs.write(part .. ".rejected", lines_of(input.rows.rejected))
  return { part = part, accepted = #input.rows.accepted,
    rejected = #input.rows.rejected }
end

local function add_order(regions, order)
  local region = regions[order.region] or { orders = 0, cents = 0 }
  region.orders = region.orders + 1
  region.cents = region.cents + order.cents
  regions[order.region] = region
end

--- Joins the parts, in their order, and sums up.
function load.join(job)
  local summary = { accepted = 0, rejected = 0, cents = 0, regions = {} }
  local accepted, rejected = {}, {}
  for i, part in ipairs(job.parts) do
    accepted[i] = fs.read(part.part .. ".accepted")
    rejected[i] = fs.read(part.part .. ".rejected")
    summary.accepted = summary.accepted + part.accepted
    summary.rejected = summary.rejected + part.rejected
    for _, order in ipairs(read_rows(part.part .. ".accepted")) do
      add_order(summary.regions, order)
      summary.cents = summary.cents + order.cents
    end
  end
  local staging = job.staging.path
  fs.write(staging .. "/orders.jsonl", table.concat(accepted))
  fs.write(staging .. "/rejected.jsonl", table.concat(rejected))
  fs.write(staging .. "/summary.json", json.encode(summary) .. "\n")
  log("%d orders, %d rejected", summary.accepted, summary.rejected)
  return summary
end

-- Of a second attempt what the first has moved is there already.
local function move(from, to)
  if fs.exists(from) then
    fs.rename(from, to)
  end
end

--- Puts the result where it belongs; the staging directory goes.
function load.publish(job)
  local staging = job.staging.path
  for _, name in ipairs({ "rejected.jsonl", "orders.jsonl", "summary.json" })
  do
    move(staging .. "/" .. name, job.to .. "/" .. name)
  end
  fs.remove_tree(job.to .. "/failure.json") -- of a run before
  fs.remove_tree(staging)
end

--- Says what went wrong.
function load.report(job)
  local staging = job.staging.path
  fs.mkdir_p(job.to)
  move(staging .. "/rejected.jsonl", job.to .. "/rejected.jsonl")
  fs.write(job.to .. "/failure.json", json.encode(job.failure) .. "\n")
  fs.remove_tree(staging)
  log.error("%s: %s", job.failure.Error, job.failure.Cause)
end

return load
