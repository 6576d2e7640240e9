--- graph.layout: what is true of every picture, and where things stand.

local doc = require("wf.doc")
local graph_check = require("graph_check")
local layout = require("graph.layout")
local random_machine = require("random_machine")

local SAMPLES = "../shared/conformance/definitions"

local function compute(text)
  return assert(layout.compute(assert(doc.parse(text))))
end

local function machine(states)
  return '{"StartAt":"A","States":{' .. states .. "}}"
end

local function node(picture, name)
  for _, each in ipairs(picture.nodes) do
    if each.name == name then
      return each
    end
  end
end

local function edges_of(picture, kind)
  local found = {}
  for _, edge in ipairs(picture.edges) do
    if edge.kind == kind then
      found[#found + 1] = edge
    end
  end
  return found
end

-- Everything in a picture as text, in order.
local function fingerprint(value)
  if type(value) ~= "table" then
    return tostring(value)
  end
  local keys, parts = {}, {}
  for key in pairs(value) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    return tostring(a) < tostring(b)
  end)
  for at, key in ipairs(keys) do
    parts[at] = tostring(key) .. "=" .. fingerprint(value[key])
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

-- How many transitions a decoded definition has, its branches included.
local function count_transitions(value)
  local count = 0
  if type(value) ~= "table" then
    return 0
  end
  for _, state in pairs(type(value.States) == "table" and value.States or {})
  do
    if type(state) == "table" then
      for _, list in ipairs({ { state }, state.Choices or {},
        state.Catch or {} }) do
        for _, each in ipairs(list) do
          count = count + (each.Next and 1 or 0)
        end
      end
      count = count + (state.Default and 1 or 0)
      for _, branch in ipairs(state.Branches or {}) do
        count = count + count_transitions(branch)
      end
      count = count + count_transitions(state.ItemProcessor)
        + count_transitions(state.Iterator)
    end
  end
  return count
end

local function check(text)
  local value = assert(doc.parse(text))
  local picture = compute(text)
  assert.same({}, graph_check.problems(picture))
  local count = 0
  for _, edge in ipairs(picture.edges) do
    if edge.kind ~= "start" and edge.kind ~= "end" then
      count = count + 1
    end
  end
  assert.equal(count_transitions(value:decode()), count)
end

local function samples()
  local list = {}
  local pipe = io.popen("ls " .. SAMPLES .. "/*.json 2>/dev/null")
  for path in pipe:lines() do
    local file = assert(io.open(path, "rb"))
    list[#list + 1] = { path = path, text = file:read("*a") }
    file:close()
  end
  pipe:close()
  return list
end

describe("every picture", function()
  local found = samples()
  local run = #found > 0 and it or pending

  run("of a real definition is sound", function()
    for _, sample in ipairs(found) do
      check(sample.text)
    end
  end)

  run("is the same for the same states", function()
    for _, sample in ipairs(found) do
      local one = fingerprint(compute(sample.text))
      assert.equal(one, fingerprint(compute(sample.text)))
      assert.equal(one, fingerprint(compute("\n\t" .. sample.text .. "  ")))
    end
  end)

  it("of a machine made of chance is sound", function()
    for seed = 1, 150 do
      check(random_machine.text(seed, 1 + seed % 23))
    end
  end)

  it("of these, which once were not, is sound", function()
    for _, seed in ipairs({ 472, 480, 1213, 1367 }) do
      check(random_machine.text(seed, 1 + seed % 23))
    end
  end)

  it("does not depend on blanks", function()
    local text = random_machine.text(7, 12)
    assert.equal(fingerprint(compute(text)),
      fingerprint(compute((text:gsub("([,:{}])", " %1\n")))))
  end)
end)

describe("a chain", function()
  local text = machine([["A":{"Type":"Pass","Next":"B"},
    "B":{"Type":"Wait","Seconds":5,"Next":"C"},"C":{"Type":"Succeed"}]])

  it("runs straight down from Start to End", function()
    local picture = compute(text)
    local names, below = {}, 0
    for at, each in ipairs(picture.nodes) do
      names[at] = each.name
    end
    assert.same({ "Start", "A", "B", "C", "End" }, names)
    for _, edge in ipairs(picture.edges) do
      assert.equal(2, #edge.points)
      assert.is_true(edge.points[1].y > below)
      below = edge.points[1].y
    end
  end)

  it("says what the states do", function()
    local picture = compute(text)
    assert.equal("Wait 5 s", node(picture, "B").detail)
    assert.equal("/States/B", node(picture, "B").id)
  end)

  it("keeps its place when a state is added at the end", function()
    local before = compute(text)
    local after = compute((text:gsub('"Succeed"}', '"Pass","Next":"D"},'
      .. '"D":{"Type":"Succeed"}')))
    for _, name in ipairs({ "Start", "A", "B", "C" }) do
      local one, two = node(before, name), node(after, name)
      assert.same({ one.x, one.y, one.w, one.h },
        { two.x, two.y, two.w, two.h })
    end
  end)
end)

describe("a choice", function()
  local picture = compute(machine([["A":{"Type":"Choice","Choices":[
    {"Variable":"$.n","NumericGreaterThan":3,"Next":"B"},
    {"And":[{"Variable":"$.s","StringEquals":"x"},
     {"Not":{"Variable":"$.t","IsPresent":true}}],"Next":"C"}],
    "Default":"D"},
    "B":{"Type":"Pass","Next":"D"},"C":{"Type":"Pass","Next":"D"},
    "D":{"Type":"Fail"}]]))

  it("has its ways side by side, in the order of the text", function()
    assert.is_true(node(picture, "B").x < node(picture, "C").x)
    assert.equal(node(picture, "B").y, node(picture, "C").y)
  end)

  it("has labels that tell the conditions", function()
    local labels = {}
    for at, edge in ipairs(edges_of(picture, "choice")) do
      labels[at] = edge.label
      assert.is_true(#edge.box.lines >= 1)
    end
    assert.same({ "$.n > 3", '$.s = "x" and not ($.t is present)' }, labels)
    assert.equal("Default", edges_of(picture, "default")[1].label)
  end)

  it("ends nowhere if it fails", function()
    assert.is_nil(node(picture, "End"))
  end)
end)

describe("JSONata", function()
  it("has its conditions as labels", function()
    local picture = compute(machine([["A":{"Type":"Choice","Choices":[
      {"Condition":"{% $states.input.n > 3 %}","Next":"B"}]},
      "B":{"Type":"Wait","Seconds":"{% $n %}","Next":"A"}]]))
    assert.equal("$states.input.n > 3",
      edges_of(picture, "choice")[1].label)
  end)
end)

describe("error handling", function()
  local picture = compute(machine([["A":{"Type":"Task","Resource":"lua:a.b",
    "Catch":[{"ErrorEquals":["States.Timeout","E"],"Next":"H"},
     {"ErrorEquals":["States.ALL"],"Next":"H"}],"Next":"B"},
    "B":{"Type":"Task","Resource":"lua:a.b","Next":"C",
     "Catch":[{"ErrorEquals":["States.ALL"],"Next":"H"}]},
    "C":{"Type":"Pass","End":true},"H":{"Type":"Fail","Error":"Bad"}]]))

  it("leaves a state at its right side", function()
    for _, edge in ipairs(edges_of(picture, "catch")) do
      local from = node(picture, edge.from:match("/States/(.*)"))
      assert.equal(from.x + from.w, edge.points[1].x)
    end
    assert.is_true(node(picture, "H").x > node(picture, "C").x)
  end)

  it("names the errors, if it is not for all of them", function()
    local edges = edges_of(picture, "catch")
    assert.equal("States.Timeout, E", edges[1].label)
    assert.is_nil(edges[2].label)
    assert.equal("States.ALL", edges[2].note)
  end)
end)

describe("a loop", function()
  local picture = compute(machine([["A":{"Type":"Wait","Seconds":30,
    "Next":"B"},"B":{"Type":"Task","Resource":"lua:a.b","Next":"C"},
    "C":{"Type":"Choice","Choices":[{"Variable":"$.ready",
     "BooleanEquals":true,"Next":"D"}],"Default":"A"},
    "D":{"Type":"Pass","Next":"D"}]]))

  it("goes back beside the states, from side to side", function()
    local back = edges_of(picture, "default")[1]
    local first, last = back.points[1], back.points[#back.points]
    assert.equal(node(picture, "C").x, first.x)
    assert.equal(node(picture, "A").x, last.x)
    assert.is_true(back.points[2].x < first.x)
  end)

  it("may be a state that leads to itself", function()
    assert.same({}, graph_check.problems(picture))
  end)
end)

describe("containers", function()
  local picture = compute(machine([["A":{"Type":"Parallel","Branches":[
    {"StartAt":"X","States":{"X":{"Type":"Pass","End":true}}},
    {"StartAt":"Y","States":{"Y":{"Type":"Map","End":true,"ItemProcessor":
     {"StartAt":"Z","States":{"Z":{"Type":"Pass","End":true}}}}}}],
    "Next":"B","Catch":[{"ErrorEquals":["States.ALL"],"Next":"B"}]},
    "B":{"Type":"Succeed"}]]))

  it("have a lane for each branch, side by side", function()
    local lanes = node(picture, "A").lanes
    assert.equal(2, #lanes)
    assert.is_true(lanes[1].x + lanes[1].w < lanes[2].x)
    assert.same({ lanes[1].y, lanes[1].h }, { lanes[2].y, lanes[2].h })
  end)

  it("contain what is theirs", function()
    assert.is_nil(node(picture, "A").parent)
    assert.equal("/States/A", node(picture, "X").parent)
    local map = node(picture, "Y")
    assert.equal("/States/A/Branches[1]/States/Y", map.id)
    assert.equal(map.id, node(picture, "Z").parent)
  end)

  it("say whether they are distributed", function()
    local config = '"ProcessorConfig":{"Mode":"DISTRIBUTED",'
      .. '"ExecutionType":"EXPRESS"}'
    local maps = compute(machine([["A":{"Type":"Map","Label":"Parts",
      "MaxConcurrency":4,"Next":"B","ItemProcessor":{]] .. config .. [[}},
      "B":{"Type":"Map","MaxConcurrency":4,"ItemProcessor":{
        "ProcessorConfig":{"Mode":"INLINE"}},"End":true}]]))
    local a, b = node(maps, "A"), node(maps, "B")
    assert.equal("Distributed Map Parts (EXPRESS), 4 at a time",
      a.detail_note or a.detail)
    assert.is_true(a.distributed)
    assert.equal("Map, 4 at a time", b.detail)
    assert.is_nil(b.distributed)
  end)

  it("may have nothing in them", function()
    check(machine([["A":{"Type":"Parallel","Next":"B"},
      "B":{"Type":"Map","ItemProcessor":{},"End":true}]]))
  end)
end)

describe("what is not finished", function()
  it("is drawn with what is missing", function()
    local picture = compute(machine('"A":{"Type":"Pass","Next":"Nowhere"}'))
    local missing = node(picture, "Nowhere")
    assert.equal("Missing", missing.type)
    assert.equal(missing.id, edges_of(picture, "next")[1].to)
  end)

  it("shows states that no way leads to", function()
    local picture = compute(machine([["A":{"Type":"Succeed"},
      "B":{"Type":"Pass","End":true}]]))
    assert.is_true(node(picture, "B").unreached)
    assert.is_nil(node(picture, "A").unreached)
  end)

  for _, text in ipairs({
    "{}", '{"States":{}}', '{"States":[]}', '{"States":7,"StartAt":{}}',
    '{"StartAt":"","States":{"":{}}}', '{"StartAt":"A"}',
    '{"States":{"A":null,"B":[],"C":"x","D":1}}',
    '{"States":{"A":{"Type":7,"Next":[],"Catch":{},"Choices":"x"}}}',
    '{"States":{"A":{"Type":"Choice","Choices":[1,null,[],{"Next":"A"},'
      .. '{"Next":"B","And":7},{"Next":"A","Not":[]}],"Default":"A"}}}',
    '{"States":{"A":{"Type":"Map","Iterator":[],"MaxConcurrency":"x"},'
      .. '"B":{"Type":"Parallel","Branches":[1,null,{"States":{"A":[]}}]},'
      .. '"A":{"Type":"Wait","Seconds":-1,"Next":"A"}}}',
    '{"States":{"A":{"Type":"Task","Resource":"","Catch":[7,{"Next":"A"},'
      .. '{"ErrorEquals":"x","Next":"A"},{"ErrorEquals":[1],"Next":"B"}]}}}',
  }) do
    it("may be " .. text, function()
      assert.same({}, graph_check.problems(compute(text)))
    end)
  end

  it("must be an object", function()
    for text, kind in pairs({ ["[]"] = "an array", ["7"] = "a number" }) do
      local picture, message = layout.compute(doc.parse(text))
      assert.is_nil(picture)
      assert.equal("a definition is a JSON object, this is " .. kind, message)
    end
  end)
end)

describe("large machines", function()
  it("have signs where lines would be too many", function()
    local states = {}
    for at = 1, 400 do
      states[at] = string.format('"S%d":{"Type":"Task","Next":"S%d","Catch":'
        .. '[{"ErrorEquals":["E"],"Next":"S%d"}]}', at, at + 1,
        (at + 190) % 400 + 1)
    end
    local picture = compute('{"StartAt":"S1","States":{'
      .. table.concat(states, ",") .. "}}")
    local signs = 0
    for _, each in ipairs(picture.nodes) do
      signs = signs + (each.type == "Reference" and 1 or 0)
    end
    assert.is_true(signs > 0)
    for _, problem in ipairs(graph_check.problems(picture)) do
      -- In a gap with forty lines their order can ask for the impossible.
      assert.matches(" lies on .* %-> ", problem)
    end
  end)

  it("may be nested deeply", function()
    local text = '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}'
    for _ = 1, 60 do
      text = '{"StartAt":"A","States":{"A":{"Type":"Map","End":true,'
        .. '"ItemProcessor":' .. text .. "}}}"
    end
    assert.same({}, graph_check.problems(compute(text)))
  end)
end)
