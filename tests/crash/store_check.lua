--- What `moonstep check` says of a store: whole at any moment, also in use.
--
--     local why = store_check.problem(program, directory)  -- nil: whole

local store_check = {}

local NO_STORE = 2 -- exit status: there is none yet

--- Nil, or the first of its findings.
function store_check.problem(program, directory)
  local pipe = io.popen(string.format(
    "'%s' check --data '%s' 2>&1; echo \"exit $?\"", program, directory))
  local text = pipe:read("*a")
  pipe:close()
  local status = tonumber(text:match("exit (%d+)\n$"))
  if status ~= 0 and status ~= NO_STORE then
    return "check: " .. text:sub(1, 500)
  end
end

return store_check
