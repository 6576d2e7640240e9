--- Results of a function of a text, kept for the next call.
--
-- @module jsonata.memo

local memo = {}

local LIMIT = 256 -- results; then all are forgotten
local MAX_TEXT = 256 -- bytes; longer ones are not kept

--- A function that does what `compute` does, remembering results. They must
-- not be changed by who gets them.
function memo.of(compute)
  local results, count = {}, 0
  return function(text)
    local result = results[text]
    if result == nil then
      result = compute(text)
      if #text <= MAX_TEXT then
        if count >= LIMIT then
          results, count = {}, 0
        end
        results[text], count = result, count + 1
      end
    end
    return result
  end
end

return memo
