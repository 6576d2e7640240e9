--- A ctx for specs: the context object from its text, and whatever else the
-- spec gives it.
--
--   local ctx = fake_ctx.new('{"Execution":{"Name":"e"}}', { random = … })

local doc = require("wf.doc")

local fake_ctx = {}

local INPUT = doc.path({ "Execution", "Input" })
local ITEM = doc.path({ "Map", "Item", "Value" })

--- `context` is the text, or a function that returns it.
function fake_ctx.new(context, methods)
  local ctx = methods or {}
  function ctx:context() -- luacheck: ignore 212
    return assert(doc.parse(type(context) == "function" and context()
      or context))
  end
  ctx.brief_context = ctx.context -- it may have more than it must
  function ctx:execution_input()
    return self:context():find(INPUT)
  end
  function ctx:map_item()
    return self:context():find(ITEM)
  end
  ctx.entered_event_id = ctx.entered_event_id or function()
    return 2
  end
  return ctx
end

return fake_ctx
