--- $formatNumber, $formatInteger, $parseInteger and $formatBase.

local decimal = require("jsonata.decimal")
local digits = require("jsonata.digits")
local format_base = require("jsonata.format_base")
local format_integer = require("jsonata.format_integer")
local format_number = require("jsonata.format_number")

-- The error that a call raises.
local function raised(call, ...)
  local ok, err = pcall(call, ...)
  assert.is_false(ok)
  assert.is_table(err, err)
  return err
end

describe("decimal", function()
  it("rounds halves to the even digit, by the digits that one sees",
    function()
      assert.equal(1, decimal.round(1.005, 2)) -- 100.5
      assert.equal(1.02, decimal.round(1.015, 2))
      assert.equal(2, decimal.round(2.5))
      assert.equal(-4, decimal.round(-3.5))
      assert.equal(1200, decimal.round(1250, -2))
    end)

  it("writes whole numbers without an exponent", function()
    assert.equal("0", decimal.integer_text(0))
    assert.equal("9007199254740991", decimal.integer_text(2 ^ 53 - 1))
    assert.equal("123456789012345680000",
      decimal.integer_text(123456789012345678901))
    assert.equal("1" .. ("0"):rep(300), decimal.integer_text(1e300))
  end)

  it("knows where multiplying is not exact enough to round", function()
    assert.is_nil(decimal.scaled_round(1.005, 2))
    assert.is_nil(decimal.scaled_round(1e15, 0))
    assert.equal(101, decimal.scaled_round(1.006, 2))
  end)
end)

describe("digits", function()
  it("encode what they decode", function()
    for _, char in ipairs({ "a", "é", "€", "𝟘" }) do
      assert.equal(char, digits.character(digits.code(char)))
    end
  end)

  it("belong to a family", function()
    assert.equal(0x30, digits.zero_of("7"))
    assert.equal(0x660, digits.zero_of("٣"))
    assert.is_nil(digits.zero_of("x"))
    assert.equal("٣٤", digits.to_family("34", 0x660))
    assert.equal("3x4", digits.to_ascii("٣x٤", 0x660))
  end)
end)

describe("$formatNumber", function()
  local cases = {
    { 12345.6, "#,###.00", "12,345.60" },
    { 1234567.891, "#,##0.00", "1,234,567.89" },
    { -12345678.9, "9,999.99", "-12,345,678.90" },
    { 123.9, "9999", "0124" },
    { 0, "#", "0" },
    { 0, "#.#", ".0" },
    { 0.5, "#.#", ".5" },
    { 0.5, "0", "0" },
    { 1.5, "0", "2" },
    { 2.5, "0", "2" },
    { 0.125, "0.00", "0.12" },
    { 0.375, "0.00", "0.38" },
    { -0.4, "0", "-0" },
    { 0.14, "01%", "14%" },
    { 0.575, "0%", "57%" },
    { 0.14, "0 ‰", "140 ‰" },
    { -6, "000", "-006" },
    { -6, "0;(0)", "(6)" },
    { -12.7, "x#.0#y;-z#.0#", "-z12.7" },
    { 1234.5678, "00.000e0", "12.346e2" },
    { 0.234, "0.0e0", "2.3e-1" },
    { 0.123, "#.e9", "0.1e0" },
    { 0, "0e0", "0e0" },
    { 1000, "0.0e0", "10.0e2" },
    { 1234, "€0.0e00", "€1.2e03" },
    { 12.7, "#0.00e000", "1.27e001" },
    { 1e20, "#,######", "100,000000,000000,000000" },
    { 1e21, "#,##0", "1,000,000,000,000,000,000,000" },
    { 1234.56789, "9,999.999,999", "1,234.567,890" },
    { 1.5, "0.0,0,0#", "1.5,0,0" },
    { 1234567, "#,##,##0", "12,34,567" },
    { 12, "#,##,##0", "12" },
    { 1234, "00,00", "12,34" },
    { 1234.5, "0,00,0", "1,23,4" },
    { 185.281, "PRE##00.000###POST", "PRE185.281POST" },
    { 5e-324, "0.00", "0.00" },
    { 1, "0." .. ("0"):rep(120), "1." .. ("0"):rep(120) },
  }
  for _, case in ipairs(cases) do
    it(("writes %s by %s"):format(case[1], case[2]:sub(1, 30)), function()
      assert.equal(case[3], format_number.format(case[1], case[2]))
    end)
  end

  it("takes other symbols", function()
    local german = {
      ["decimal-separator"] = ",", ["grouping-separator"] = ".",
    }
    assert.equal("1.234,50",
      format_number.format(1234.5, "#.##0,00", german))
    assert.equal("140pm",
      format_number.format(0.14, "###pm", { ["per-mille"] = "pm" }))
    assert.equal("①②.③④⑥e②", format_number.format(1234.5678, "①①.①①①e①",
      { ["zero-digit"] = "⑟" }))
    assert.equal("AAC.AAA",
      format_number.format(2, "AAA.AAA", { ["zero-digit"] = "A" }))
    assert.equal("١,٢٣٤.٥",
      format_number.format(1234.5, "#,##٠.٠", { ["zero-digit"] = "٠" }))
    assert.equal("minus 1",
      format_number.format(-1, "0", { ["minus-sign"] = "minus " }))
    assert.equal("1E3",
      format_number.format(1234, "0E0", { ["exponent-separator"] = "E" }))
    assert.equal("(1)",
      format_number.format(-1, "0|(0)", { ["pattern-separator"] = "|" }))
    assert.equal("1", format_number.format(1, "0", { ["digit"] = 5 }))
  end)

  local broken = {
    D3080 = "#;#;#", D3081 = "#.0.0", D3082 = "#0%%", D3083 = "#0‰‰",
    D3084 = "#0%‰", D3085 = ".e0", D3086 = "0x0", D3087 = "0,.e0",
    D3088 = "0,", D3089 = "0,,0", D3090 = "0#.e0", D3091 = "#0.#0e0",
    D3092 = "#0.0e0%", D3093 = "#0.0e0,0",
  }
  for code, picture in pairs(broken) do
    it(("refuses %s with %s"):format(picture, code), function()
      assert.equal(code, raised(format_number.format, 20, picture).code)
    end)
  end

  it("tells the last of several mistakes, and those of unused parts",
    function()
      assert.equal("D3086", raised(format_number.format, 1, "%%").code)
      assert.equal("D3086", raised(format_number.format, 1, "---").code)
      assert.equal("D3085", raised(format_number.format, 1, "").code)
      assert.equal("D3085", raised(format_number.format, 1, "0;").code)
      assert.equal("D3093", raised(format_number.format, 1, "0e").code)
      assert.equal("D3091", raised(format_number.format, 1, "0;0.#0").code)
    end)
end)

describe("$formatInteger", function()
  local cases = {
    { 123, "000", "123" },
    { 7, "0000", "0007" },
    { -7.5, "00", "-08" },
    { 12.7, "0", "12" },
    { 1234567, "#,##0", "1,234,567" },
    { 1234567890, "#:###,##0", "1234:567,890" },
    { 1234567890, "##,##,##0", "12345,67,890" },
    { 123, "#,##,##0", "123" },
    { 1234, "(0)", "123(4)" },
    { 1234, "٠", "١٢٣٤" },
    { 1234, "#,##０", "１,２３４" },
    { 1, "0;o", "1st" },
    { 11, "0;o", "11th" },
    { 22, "0;o", "22nd" },
    { 113, "0;o", "113th" },
    { 1003, "#,##0;o(-en)", "1,003rd" },
    { 1, "0;x", "1" },
    { 0, "I", "" },
    { 1984, "I", "MCMLXXXIV" },
    { -99, "i", "-xcix" },
    { 27, "a", "aa" },
    { 702, "A", "ZZ" },
    { 703, "A", "AAA" },
    { 0, "w", "zero" },
    { 40, "Ww;o", "Fortieth" },
    { 555, "Ww", "Five Hundred and Fifty-Five" },
    { 99, "W;o", "NINETY-NINTH" },
    { 1000012, "w", "one million and twelve" },
    { 1e12 + 1, "w;o", "one trillion and first" },
    { 1e15, "w", "one thousand trillion" },
    { 1e46, "w", "ten billion trillion trillion trillion" },
    { 123456789e12 + 16384, "w", "one hundred and twenty-three million, four "
      .. "hundred and fifty-six thousand, seven hundred and eighty-nine "
      .. "trillion, sixteen thousand, three hundred and eighty-four" },
    { -3, "w", "-three" },
    { 1e21, "0", "1000000000000000000000" },
  }
  for _, case in ipairs(cases) do
    it(("writes %s by %s"):format(case[1], case[2]), function()
      assert.equal(case[3], format_integer.format(case[1], case[2]))
    end)
  end

  for _, picture in ipairs({ "", "#", "α", "AA", "wx", "#;o", "①" }) do
    it("refuses " .. picture, function()
      local err = raised(format_integer.format, 1, picture)
      assert.equal("D3130", err.code)
      assert.equal((picture:gsub(";.*", "")), err.value)
    end)
  end

  it("refuses digits of two families", function()
    assert.equal("D3131", raised(format_integer.format, 1, "0٠").code)
  end)

  it("has no Roman numerals of many pages", function()
    assert.equal("D3130", raised(format_integer.format, 1e15, "I").code)
  end)
end)

describe("$parseInteger", function()
  local cases = {
    { "0123", "0000", 123 },
    { "-12", "0", -12 },
    { "12.5", "0", 12 },
    { "1,234,567", "#,##0", 1234567 },
    { "1.200", "#.##0", 1200 },
    { "1234:567,890", "#:###,##0", 1234567890 },
    { "１２３４０", "###０", 12340 },
    { "123rd", "000;o", 123 },
    { "", "I", 0 },
    { "MCMLXXXIV", "I", 1984 },
    { "xcix", "i", 99 },
    { "KN", "A", 300 },
    { "aa", "a", 27 },
    { "twelve hundred", "w", 1200 },
    { "NINETY-NINTH", "W;o", 99 },
    { "one hundred thousand", "w", 100000 },
    { "one thousand, two hundred thousand", "w", 201000 },
    { "nineteen hundred and eighty-four", "w", 1984 },
    { "ten billion trillion trillion trillion", "w", 1e46 },
    { "-twenty-one", "w", -21 },
  }
  for _, case in ipairs(cases) do
    it(("reads %s by %s"):format(case[1], case[2]), function()
      assert.equal(case[3], format_integer.parse(case[1], case[2]))
    end)
  end

  it("finds nothing in what is no number", function()
    for _, case in ipairs({
      { "", "0" }, { "x", "0" }, { "12", "0;o" }, { "x", "w" }, { "", "w" },
      { "minus one", "w" }, { "XYZ", "I" }, { "a", "A" }, { "A1", "A" },
      { ("9"):rep(400), "0" },
    }) do
      assert.is_nil(format_integer.parse(case[1], case[2]))
    end
  end)

  it("reads what $formatInteger writes", function()
    for _, picture in ipairs({
      "0", "#,##0", "w", "W;o", "Ww", "I", "i", "a", "A", "0;o", "#,##٠",
    }) do
      for number = 1, 4000, 37 do
        assert.equal(number, format_integer.parse(
          format_integer.format(number, picture), picture))
      end
    end
  end)
end)

describe("$formatBase", function()
  it("writes numbers to a base", function()
    assert.equal("100", format_base.format(100))
    assert.equal("1100100", format_base.format(100, 2))
    assert.equal("-1100100", format_base.format(-100, 2))
    assert.equal("2s", format_base.format(100, 36))
    assert.equal("3635c9adc5dea00000", format_base.format(1e21, 16))
  end)

  it("rounds halves to the even", function()
    assert.equal("fe", format_base.format(254.5, 16))
    assert.equal("100", format_base.format(255.5, 16))
    assert.equal("0", format_base.format(-0.4, 2))
    assert.equal("1010", format_base.format(10, 2.5))
  end)

  it("has bases from 2 to 36", function()
    for _, radix in ipairs({ -2, 0, 1, 1.4, 36.6, 37 }) do
      assert.equal("D3100", raised(format_base.format, 10, radix).code)
    end
  end)
end)

describe("numbers that are not finite", function()
  it("are out of range", function()
    for _, number in ipairs({ math.huge, -math.huge, 0 / 0 }) do
      assert.equal("D1001", raised(format_number.format, number, "0").code)
      assert.equal("D1001", raised(format_integer.format, number, "w").code)
      assert.equal("D1001", raised(format_base.format, number, 2).code)
    end
  end)
end)
