--- asl.containers: how Parallel and Map load, and the data flow of a Map.

local doc = require("wf.doc")
local fake_ctx = require("fake_ctx")
local machine = require("machine")
local map_data = require("asl.map_data")
local machine_run = require("machine_run")

local problems = machine_run.problems

local SCHEMA = "SCHEMA_VALIDATION_FAILED: "

local function of_state(members)
  return '{"StartAt":"A","States":{"A":{' .. members .. '},"End":'
    .. '{"Type":"Succeed"}}}'
end

local function names_of(loaded)
  local names = {}
  for i, state in ipairs(loaded.states) do
    names[i] = state.name .. ">" .. state.next
  end
  return table.concat(names, " ")
end

describe("a Parallel state", function()
  it("has its branches' states in the order of the text", function()
    local loaded = assert(machine.load(of_state('"Type":"Parallel","Branches":['
      .. '{"StartAt":"C","States":{"B":{"Type":"Pass","End":true},'
      .. '"C":{"Type":"Pass","Next":"B"}}},'
      .. '{"Comment":"c","StartAt":"D","States":{"D":{"Type":"Parallel",'
      .. '"Branches":[{"StartAt":"E","States":{"E":{"Type":"Succeed"}}}],'
      .. '"End":true}}}],"Next":"End"')))
    assert.equal("A>6 B>0 C>2 D>0 E>0 End>0", names_of(loaded))
    assert.same({ 3, 4 }, loaded.states[1].branches)
    assert.same({ 5 }, loaded.states[4].branches)
    assert.same({ {}, {} }, { loaded.states[1].Retry, loaded.states[1].Catch })
  end)

  it("needs branches", function()
    assert.same({ SCHEMA .. "The field 'Branches' is required but was missing "
      .. "at /States/A" }, problems(of_state('"Type":"Parallel","Next":"End"')))
    assert.same({ SCHEMA .. "Expected value of type non-empty Array at "
      .. "/States/A/Branches" },
      problems(of_state('"Type":"Parallel","Branches":[],"Next":"End"')))
    assert.same({
      SCHEMA .. "These fields are required: [StartAt] at "
        .. "/States/A/Branches[1]",
      SCHEMA .. "Expected value of type Object at /States/A/Branches[2]",
    }, problems(of_state('"Type":"Parallel","Next":"End","Branches":['
      .. '{"StartAt":"B","States":{"B":{"Type":"Succeed"}}},'
      .. '{"States":{"C":{"Type":"Succeed"}}},1]')))
  end)

  it("keeps transitions inside a branch", function()
    assert.same({ "MISSING_TRANSITION_TARGET: Missing 'Next' target: End at "
      .. "/States/A/Branches[0]/States/B/Next",
      'MISSING_TRANSITION_TARGET: State "C" is not reachable. at '
      .. "/States/A/Branches[0]/States/C" },
      problems(of_state('"Type":"Parallel","Next":"End","Branches":['
        .. '{"StartAt":"B","States":{"B":{"Type":"Pass","Next":"End"},'
        .. '"C":{"Type":"Succeed"}}}]')))
  end)

  it("has names that occur nowhere else", function()
    assert.same({ "DUPLICATE_STATE_NAME: Duplicate State name: A at "
      .. "/States/A/Branches[0]/States/A" },
      problems(of_state('"Type":"Parallel","Next":"End","Branches":['
        .. '{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}]')))
  end)
end)

local INNER = '{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}'

describe("a Map state", function()
  it("has its processor's states behind it", function()
    for _, member in ipairs({ '"ItemProcessor":' .. INNER:gsub("^{",
      '{"ProcessorConfig":{"Mode":"INLINE"},', 1), '"Iterator":' .. INNER }) do
      local loaded = assert(machine.load(of_state('"Type":"Map",' .. member
        .. ',"Next":"End"')))
      assert.equal(2, loaded.states[1].processor)
      assert.equal("A>3 B>0 End>0", names_of(loaded))
    end
  end)

  it("needs one processor", function()
    assert.same({ SCHEMA .. "Exactly one of these fields is required: "
      .. "[ItemProcessor, Iterator] at /States/A" },
      problems(of_state('"Type":"Map","Next":"End"')))
  end)

  it("takes its items from one place of the input or the context", function()
    local function load(path)
      return problems(of_state('"Type":"Map","ItemsPath":"' .. path
        .. '","Next":"End","ItemProcessor":' .. INNER))
    end
    assert.same({}, load("$.a.b"))
    assert.same({}, load("$$.Execution.Input"))
    assert.equal(1, #load("$.a[*]"))
  end)
end)

-- A ctx with a context object.
local function new_ctx(context)
  return fake_ctx.new(context or "{}")
end

local function map_state(members)
  local loaded = assert(machine.load(of_state('"Type":"Map",' .. members
    .. '"Next":"End","ItemProcessor":' .. INNER)))
  return loaded.states[1]
end

-- A value as text, or the error and cause.
local function shown(value, error, cause)
  if value == nil then
    return error .. ": " .. (cause:gsub("^.-#2%)%. ", ""))
  end
  return type(value) == "number" and value or value:text()
end

describe("the data of a Map", function()
  it("are an array or an object", function()
    local ctx = new_ctx('{"Execution":{"Input":{"a":[3]}}}')
    local function items(path, input)
      local state = map_state(path and '"ItemsPath":"' .. path .. '",' or "")
      return shown(map_data.items(ctx, state, doc.parse(input)))
    end
    assert.equal("[1,2]", items(nil, "[1,2]"))
    assert.equal("[1]", items("$.a", '{"a":[1]}'))
    assert.equal("[3]", items("$$.Execution.Input.a", "{}"))
    -- Both recorded at AWS: test_state_map_context_object.
    assert.equal('States.Runtime: Reference path "$" must point to array.',
      items("$$", "[]"))
    assert.equal('States.Runtime: Reference path "$.Execution.Input" must '
      .. "point to array.", items("$$.Execution.Input", "[]"))
    assert.equal("States.Runtime: Invalid path '$.a' : No results for path: "
      .. "$['a']", items("$.a", "{}"))
    assert.equal('{"a":1}', items(nil, '{"a":1}'))
    assert.equal('States.Runtime: Reference path "$.a" must point to array.',
      items("$.a", '{"a":1}'))
  end)

  it("go to the iterations as they are, or as ItemSelector says", function()
    local ctx = new_ctx('{"Map":{"Item":{"Index":1,"Value":"v"}}}')
    local item = doc.parse('"v"')
    local whole = doc.parse('{"x":5}')
    for _, field in ipairs({ "ItemSelector", "Parameters" }) do
      local state = map_state('"' .. field .. '":{"i.$":"$$.Map.Item.Index",'
        .. '"v.$":"$$.Map.Item.Value","x.$":"$.x"},')
      assert.equal('{"i":1,"v":"v","x":5}',
        shown(map_data.item_input(ctx, state, whole, 1, item)))
    end
    assert.equal('"v"',
      shown(map_data.item_input(ctx, map_state(""), whole, 1, item)))
  end)

  it("come back in one array, which is shaped like any result", function()
    local state = map_state('"ResultSelector":{"all.$":"$[*].n"},'
      .. '"ResultPath":"$.r","OutputPath":"$.r",')
    assert.equal('{"all":[1,2]}', shown(state.data.leave(new_ctx(), state,
      doc.parse('{"in":0}'), doc.parse('[{"n":1},{"n":2}]'))))
  end)

  -- Recorded at AWS: test_max_concurrency_path.
  it("say how many run at once", function()
    local state = map_state('"MaxConcurrencyPath":"$.m",')
    local function limit(input)
      return shown(map_data.max_concurrency(new_ctx(), state,
        doc.parse(input)))
    end
    assert.equal(3, limit('{"m":3}'))
    assert.equal('States.Runtime: The MaxConcurrencyPath field refers to '
      .. 'value "NoNumber" which is not a valid integer: $.m',
      limit('{"m":"NoNumber"}'))
    assert.equal('States.Runtime: The MaxConcurrencyPath field refers to '
      .. 'value "{}" which is not a valid integer: $.m', limit('{"m":{}}'))
    assert.equal(7, map_data.max_concurrency(new_ctx(),
      map_state('"MaxConcurrency":7,')))
    assert.equal(0, map_data.max_concurrency(new_ctx(), map_state("")))
  end)
end)
