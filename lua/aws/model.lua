--- Models of AWS services, as values of wf.doc: models/README.md says where
-- they come from.
--
-- What is returned is valid as long as its values are: during one call of a
-- state script, or as long as it is kept in a worker.
--
-- @module aws.model

local names = require("aws.names")
local service_models = require("wf.service_models")

local model = {}

-- Those that aws.wire speaks, the best first, for services that have several.
local PROTOCOLS = { "json", "rest-json", "query", "rest-xml", "ec2" }

--- The model of a service: { metadata, operations, shapes }, values; or nil
-- and why there is none. `service` as in a resource.
function model.service(service)
  local root, problem = service_models.get(names.folder(service))
  if not root then
    return nil, problem
  end
  return {
    metadata = root:get("metadata"),
    operations = root:get("operations"),
    shapes = root:get("shapes"),
  }
end

--- A member's text; nil if there is none.
function model.text(value, name)
  local found = value and value:get(name)
  return found and found:string()
end

--- True if a member is there and true.
function model.flag(value, name)
  local found = value and value:get(name)
  return found ~= nil and found:boolean() == true
end

--- An operation and its name, of the name that resources have: "putItem".
function model.operation(service, name)
  local pascal = names.pascal(name)
  local found = service.operations:get(pascal)
  if found then
    return found, pascal
  end
  local wanted = name:lower()
  for other, operation in service.operations:members() do
    if other:lower() == wanted then
      return operation, other
    end
  end
  return nil
end

--- The shape that a reference ({ shape = NAME }) names; nil if there is none.
function model.shape(service, reference)
  local name = model.text(reference, "shape")
  return name and service.shapes:get(name), name
end

--- The protocol of a service.
function model.protocol(service)
  local offered = service.metadata:get("protocols")
  local own = model.text(service.metadata, "protocol")
  if not offered then
    return own
  end
  local has = {}
  for _, protocol in offered:elements() do
    has[protocol:string()] = true
  end
  for _, protocol in ipairs(PROTOCOLS) do
    if has[protocol] then
      return protocol
    end
  end
  return own
end

return model
