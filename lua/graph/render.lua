--- A definition drawn in one of the formats: what `moonstep graph` calls.
--
-- @module graph.render

local doc = require("wf.doc")
local dot = require("graph.dot")
local json = require("graph.json")
local layout = require("graph.layout")
local mermaid = require("graph.mermaid")
local model = require("graph.model")
local svg = require("graph.svg")

local render = {}

-- Renderers of a layout, and those that leave the layout to others.
local OF_LAYOUT = { svg = svg.render, json = json.render }
local OF_MODEL = { mermaid = mermaid.render, dot = dot.render }

--- Draws a definition: JSON text or a value of wf.doc. `format` is "svg",
-- "json", "mermaid" or "dot". Returns the text of the picture; or nil and a
-- message, with line and column, if it is not a JSON object.
function render.definition(definition, format)
  local value, problem = definition, nil
  if not doc.is_value(definition) then
    value, problem = doc.parse(definition)
  end
  if not value then
    return nil, problem
  end
  local draw, read = OF_LAYOUT[format], layout.compute
  if not draw then
    draw, read = OF_MODEL[format], model.read
  end
  if not draw then
    return nil, "there is no format " .. tostring(format)
  end
  local what
  what, problem = read(value)
  if not what then
    return nil, problem
  end
  return draw(what)
end

return render
