--- Text in pictures: how wide it is, where it may be broken, how it is cut.
--
-- Widths are those of Arial and Helvetica (and of the fonts that are made to
-- their measure, Liberation Sans and Arimo), in thousandths of the font size.
--
-- @module graph.text

local text = {}

local get = string.byte

-- The printable ASCII characters, from the blank on.
local ASCII = {
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278,
  278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584,
  584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556,
  833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278,
  278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222,
  500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500,
  500, 334, 260, 334, 584,
}
local LATIN, WIDE, WIDEST = 600, 1000, 1250 -- two, three and four bytes
local BOLD = 1.09 -- semi-bold letters are so much wider
local MOST = 1015 -- of a byte: no character takes more for each of its own
local ELLIPSIS = "…"

-- By a character's first byte; 0: the byte continues one.
local WIDTHS = {}
for byte = 0, 255 do
  WIDTHS[byte] = ASCII[byte - 31] or byte < 128 and 278 or byte < 192 and 0
    or byte < 224 and LATIN or byte < 240 and WIDE or WIDEST
end

--- Width of a line in pixels.
function text.width(line, size, is_bold)
  local sum, count = 0, #line
  for at = 4, count, 4 do
    local a, b, c, d = get(line, at - 3, at)
    sum = sum + WIDTHS[a] + WIDTHS[b] + WIDTHS[c] + WIDTHS[d]
  end
  for at = count - count % 4 + 1, count do
    sum = sum + WIDTHS[get(line, at)]
  end
  return sum * size * (is_bold and BOLD or 1) / 1000
end

-- Most texts are so short that nothing needs to be measured.
local function fits(line, width, size, is_bold)
  return #line * MOST * size * (is_bold and BOLD or 1) / 1000 <= width
    or text.width(line, size, is_bold) <= width
end

--- A line that is at most so wide: the text, or its beginning and "…".
-- The second result tells whether something was cut off.
function text.cut(line, width, size, is_bold)
  if fits(line, width, size, is_bold) then
    return line, false
  end
  local scale = size * (is_bold and BOLD or 1) / 1000
  local left = width / scale - WIDE
  local last = 0
  for at = 1, #line do
    local byte = line:byte(at)
    left = left - WIDTHS[byte]
    if left < 0 then
      break
    end
    local following = line:byte(at + 1)
    if not following or following < 128 or following >= 192 then
      last = at
    end
  end
  return line:sub(1, last):gsub("%s+$", "") .. ELLIPSIS, true
end

-- Splits a text where a line may end: behind blanks and punctuation, and
-- between the words of camelCase.
local function pieces(line)
  local list = {}
  line = line:gsub("([%-_/.:,;|&])(%w)", "%1\0%2")
    :gsub("(%l)(%u)", "%1\0%2"):gsub("(%s+)", "%1\0")
  for piece in line:gmatch("%Z+") do
    list[#list + 1] = piece
  end
  return list
end

--- Breaks a text into at most `max` lines of a width; the last one is cut if
-- that is not enough. Returns the lines, and whether something was cut off.
function text.wrap(source, width, size, max, is_bold)
  if fits(source, width, size, is_bold) then
    return { source }, false
  end
  local lines, line = {}, ""
  for _, piece in ipairs(pieces(source)) do
    local longer = line .. piece
    if line ~= "" and #lines + 1 < max
      and not fits(longer:gsub("%s+$", ""), width, size, is_bold) then
      lines[#lines + 1] = line
      longer = piece
    end
    line = longer
  end
  lines[#lines + 1] = line
  local is_cut = false
  for at, each in ipairs(lines) do
    local was_cut
    lines[at], was_cut = text.cut(each:gsub("%s+$", ""), width, size, is_bold)
    is_cut = is_cut or was_cut
  end
  return lines, is_cut
end

--- A text as one line: control characters and runs of blanks are one blank.
function text.one_line(source)
  if not source:find("%c") and not source:find("  ", 1, true) then
    return source
  end
  return (source:gsub("[%s%c]+", " "):gsub("^ ", ""):gsub(" $", ""))
end

return text
