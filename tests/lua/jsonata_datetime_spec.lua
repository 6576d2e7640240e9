--- $fromMillis and $toMillis.

local calendar = require("jsonata.calendar")
local datetime_format = require("jsonata.datetime_format")
local datetime_parse = require("jsonata.datetime_parse")

local MARCH = 1521801216617 -- 2018-03-23T10:33:36.617Z, a Friday

-- The error that a call raises.
local function raised(call, ...)
  local ok, err = pcall(call, ...)
  assert.is_false(ok)
  assert.is_table(err, err)
  return err
end

local function no_present()
  error("the present was asked for")
end

local function present()
  return MARCH
end

local function iso(text, picture, now)
  local ms = datetime_parse.parse(text, picture, now or no_present)
  return ms and datetime_format.format(ms)
end

describe("the calendar", function()
  it("counts days in both directions", function()
    assert.equal(0, calendar.day_of(1970, 1, 1))
    assert.equal(11016, calendar.day_of(2000, 2, 29))
    assert.equal(-719528, calendar.day_of(0, 1, 1))
    for day = -1000000, 3000000, 997 do
      assert.equal(day, calendar.day_of(calendar.date_of(day)))
    end
  end)

  it("takes months and days beyond their ends", function()
    assert.equal(calendar.day_of(2019, 1, 27),
      calendar.day_of(2018, 13, 27))
    assert.equal(calendar.day_of(2017, 12, 31), calendar.day_of(2018, 1, 0))
    assert.equal(calendar.day_of(2018, 3, 2), calendar.day_of(2018, 2, 30))
  end)

  it("gives weeks to the year and month of their Thursday", function()
    local day = calendar.day_of(2010, 1, 1)
    assert.equal(5, calendar.weekday(day))
    assert.same({ 53, 2009 }, { calendar.week_of_year(day) })
    assert.same({ 5, 12 }, { calendar.week_of_month(day) })
    assert.same({ 1, 8 },
      { calendar.week_of_month(calendar.day_of(2018, 7, 31)) })
  end)
end)

describe("$fromMillis", function()
  it("writes ISO 8601 by default", function()
    assert.equal("1970-01-01T00:00:00.001Z", datetime_format.format(1))
    assert.equal("1969-12-31T23:59:59.999Z", datetime_format.format(-1.5))
    assert.equal("0000-01-01T00:00:00.000Z",
      datetime_format.format(-62167219200000))
    assert.equal("9999-12-31T23:59:59.999Z",
      datetime_format.format(253402300799999))
    assert.equal("-0001-12-31T23:59:59.999Z",
      datetime_format.format(-62167219200001))
    assert.equal("2018-03-23T16:03:36.617+05:30",
      datetime_format.format(MARCH, nil, "+0530"))
  end)

  local cases = {
    { "", "" },
    { "Hello", "Hello" },
    { "[[Year]]: [[[Y0001]]]", "[Year]: [2018]" },
    { "Y] [Y]]]", "Y] 2018]" },
    { "[Y]-[ M01]-[D 01]T[H01 ]:[ m   ]:[s].[f0  01][Z01:\n 01t]",
      "2018-03-23T10:33:36.617Z" },
    { "[Y9,999,*]", "2,018" },
    { "[Y,2] [Y00] [Y0001,2] [Y##01,2-2] [Y,*-3] [Y,5]",
      "18 18 2018 18 018 02018" },
    { "[YI] [Yi] [YA] [YWw]", "MMXVIII mmxviii BYP Two Thousand and "
      .. "Eighteen" },
    { "[M] [M01] [M,2] [MN] [Mn] [MNn,3-3]", "3 03 03 MARCH march Mar" },
    { "[D#1,2]/[M1,2]/[Y,2]", "23/03/18" },
    { "[D1o] [DWwo] [Dwo]", "23rd Twenty-Third twenty-third" },
    { "[d] [d001] [F] [FNn] [F0] [F1]", "82 082 friday Friday 5 5" },
    { "[X0001]-W[W01]-[F1], week [w] of [xNn]",
      "2018-W12-5, week 4 of March" },
    { "[H]:[m]:[s].[f] [h1o] [P] [PN]", "10:33:36.617 10th am AM" },
    { "[C] [E]", "ISO ISO" },
    { "[Z] [Z0] [Z00:00t] [Z0101] [z]", "+00:00 +0 Z +0000 GMT+00:00" },
  }
  for _, case in ipairs(cases) do
    it("writes " .. case[1], function()
      assert.equal(case[2], datetime_format.format(MARCH, case[1]))
    end)
  end

  it("knows midnight and noon", function()
    local picture = "[h]:[m01] [P]"
    assert.equal("12:00 am", datetime_format.format(0, picture))
    assert.equal("12:30 pm", datetime_format.format(45000000, picture))
    assert.equal("11:59 pm", datetime_format.format(86399999, picture))
  end)

  it("writes offsets", function()
    local picture = "[H01]:[m01] [Z] [Z0] [Z00] [Z000] [Z0101t] [z]"
    assert.equal("07:00 -05:00 -5 -05 -500 -0500 GMT-05:00",
      datetime_format.format(43200000, picture, "-0500"))
    assert.equal("17:30 +05:30 +5:30 +05:30 +530 +0530 GMT+05:30",
      datetime_format.format(43200000, picture, "0530"))
    assert.equal("08:30 -03:30 -3:30 -03:30 -330 -0330 GMT-03:30",
      datetime_format.format(43200000, picture, "-03:30"))
    assert.equal("12:00 Z",
      datetime_format.format(43200000, "[H]:[m01] [Z0t]",
        "Z"))
  end)

  it("writes weeks at the turn of the year", function()
    for text, week in pairs({
      ["2005-12-31"] = "2005-W52-6", ["2006-12-31"] = "2006-W52-7",
      ["2007-12-31"] = "2008-W01-1", ["2008-12-29"] = "2009-W01-1",
      ["2010-01-01"] = "2009-W53-5", ["0001-01-01"] = "0001-W01-1",
    }) do
      assert.equal(week, datetime_format.format(datetime_parse.parse(text),
        "[X0001]-W[W01]-[F1]"))
    end
  end)

  local broken = {
    { "[YN]-[M", "D3135" },
    { "[YN]", "D3133", "Y" },
    { "[mNn]", "D3133", "m" },
    { "[Q]", "D3132", "Q" },
    { "[]", "D3132", "" },
    { "[Yo]", "D3130", "o" },
    { "[Y0٠]", "D3131" },
    { "[Zt]", "D3134" },
    { "[ZN]", "D3134" },
    { "[Z010101t]", "D3134", 6 },
  }
  for _, case in ipairs(broken) do
    it("refuses " .. case[1], function()
      local err = raised(datetime_format.format, MARCH, case[1])
      assert.same({ case[2], case[3] }, { err.code, err.value })
    end)
  end

  it("refuses what is no date, and no time zone", function()
    for _, ms in ipairs({ 8.65e15, -8.65e15, math.huge, 0 / 0 }) do
      assert.equal("D1001", raised(datetime_format.format, ms).code)
    end
    assert.equal("D3137", raised(datetime_format.format, 0, nil, "CET").code)
    assert.equal("D3137", raised(datetime_format.format, 0, nil, "").code)
  end)
end)

describe("$toMillis of ISO 8601", function()
  local cases = {
    ["2018"] = 1514764800000,
    ["2018-02"] = 1517443200000,
    ["2018-02-03"] = 1517616000000,
    ["2018-02-03Z"] = 1517616000000,
    ["2018-02-03T10:11:12"] = 1517652672000,
    ["2018-02-03T10:11:12Z"] = 1517652672000,
    ["2018-02-03T10:11:12.1Z"] = 1517652672100,
    ["2018-02-03T10:11:12.1239999999Z"] = 1517652672123,
    ["2018-02-03T10:11:12+01:00"] = 1517649072000,
    ["2018-02-03T10:11:12-0530"] = 1517672472000,
    ["2018-02-03T24:00:00Z"] = 1517702400000,
    ["2018-02-30"] = 1519948800000,
    ["0000-01-01"] = -62167219200000,
    ["9999-12-31T23:59:59.999Z"] = 253402300799999,
  }
  for text, ms in pairs(cases) do
    it("reads " .. text, function()
      assert.equal(ms, datetime_parse.parse(text))
    end)
  end

  for _, text in ipairs({
    "", "foo", "1", "201", "20180203", "2018-2-3", "2018-13-01", "2018-00",
    "2018-01-32", "2018-01-00", "12018-01-01", "+2018-01-01", "2018-W01",
    "2018-02-03 ", " 2018-02-03", "2018-02-03T", "2018-02-03T10",
    "2018-02-03T10:11", "2018-02-03 10:11:12", "2018-02-03T10:11:12z",
    "2018-02-03T10:11:12.Z", "2018-02-03T10:11:12+01", "2018-02-03+01:00",
    "2018-02-03T24:00:01Z", "2018-02-03T10:60:00Z", "2018-02-03T10:11:60Z",
    "2018-02-03T10:11:12+24:00", "2018-02-03T10:11:12+01:60",
    "2018-02-03T10:11:12ZZ", "2018-",
  }) do
    it("refuses " .. text, function()
      local err = raised(datetime_parse.parse, text)
      assert.same({ "D3110", text }, { err.code, err.value })
    end)
  end
end)

describe("$toMillis by picture", function()
  local cases = {
    { "2018", "[Y1]", "2018-01-01T00:00:00.000Z" },
    { "201802", "[Y0001][M01]", "2018-02-01T00:00:00.000Z" },
    { "20240101123849", "[Y0000][M00][D00][H00][m00][s00]",
      "2024-01-01T12:38:49.000Z" },
    { "20181201", "[Y,4][M,2][D,2]", "2018-12-01T00:00:00.000Z" },
    { "12/31/99", "[M01]/[D01]/[Y,2-2]", "1999-12-31T00:00:00.000Z" },
    { "2018-13-27", "[Y]-[M]-[D]", "2019-01-27T00:00:00.000Z" },
    { "00 2018", "[M01] [Y]", "2018-01-01T00:00:00.000Z" },
    { "2,018", "[Y9,999,*]", "2018-01-01T00:00:00.000Z" },
    { "٢٠١٨", "[Y٠]", "2018-01-01T00:00:00.000Z" },
    { "21st 12 1881", "[D1o] [M01] [Y0001]", "1881-12-21T00:00:00.000Z" },
    { "MCMLXXXIV", "[YI]", "1984-01-01T00:00:00.000Z" },
    { "27 iii MMXVIII", "[D1] [Mi] [YI]", "2018-03-27T00:00:00.000Z" },
    { "10XII2018", "[D01][MI][Y]", "2018-12-10T00:00:00.000Z" },
    { "ae C mmxviii", "[Da] [MA] [Yi]", "2018-03-31T00:00:00.000Z" },
    { "27th April 2008", "[D1o] [MNn] [Y0001]", "2008-04-27T00:00:00.000Z" },
    { "27 APRIL 2008", "[D] [MNn] [Y]", "2008-04-27T00:00:00.000Z" },
    { "2 Feb 2012", "[D1] [MNn,3-3] [Y0001]", "2012-02-02T00:00:00.000Z" },
    { "2018MarxY", "[Y][MNn,3-3]xY", "2018-03-01T00:00:00.000Z" },
    { "Mon, Twelfth November 2018", "[FNn,*-3], [DWwo] [MNn] [Y]",
      "2018-11-12T00:00:00.000Z" },
    { "Twentieth of August, two thousand and seventeen",
      "[DW] of [MNn], [Yw]", "2017-08-20T00:00:00.000Z" },
    { "twenty five one thousand, nine hundred and fifty-seven",
      "[Dw] [Mw] [Yw]", "1957-05-20T00:00:00.000Z" },
    { "tenMarch2018", "[Dw][MNn][Y]", "2018-03-10T00:00:00.000Z" },
    { "4/4/2018 12:06 pm", "[D1]/[M1]/[Y0001] [h]:[m] [P]",
      "2018-04-04T12:06:00.000Z" },
    { "4/4/2018 12:06 Am", "[D1]/[M1]/[Y0001] [h]:[m] [PN]",
      "2018-04-04T00:06:00.000Z" },
    { "4/4/2018 9pm", "[D1]/[M1]/[Y0001] [h][P]",
      "2018-04-04T21:00:00.000Z" },
    { "2018-094", "[Y0001]-[d001]", "2018-04-04T00:00:00.000Z" },
    { "2018-094 10", "[Y]-[d] [H]", "2018-04-04T10:00:00.000Z" },
    { "three hundred and sixty-fifth day of 2018", "[dwo] day of [Y]",
      "2018-12-31T00:00:00.000Z" },
    { "2018-1-1 1:30:20.5", "[Y]-[M]-[D] [H]:[m]:[s].[f]",
      "2018-01-01T01:30:20.500Z" },
    { "2018-1-1 1:30:20.129000", "[Y]-[M]-[D] [H]:[m]:[s].[f001]",
      "2018-01-01T01:30:20.129Z" },
    { "2018-1-1 25:61:61", "[Y]-[M]-[D] [H]:[m]:[s]",
      "2018-01-02T02:02:01.000Z" },
    { "A.B(2018)", "a.b([Y])", "2018-01-01T00:00:00.000Z" },
    { "2018 2019", "[Y] [Y]", "2019-01-01T00:00:00.000Z" },
  }
  for _, case in ipairs(cases) do
    it("reads " .. case[1], function()
      assert.equal(case[3], iso(case[1], case[2]))
    end)
  end

  it("reads offsets", function()
    local date = "[Y]-[M]-[D] [H]:[m] "
    for _, case in ipairs({
      { "+02:00", "[Z]", "06:00" }, { "-03:30", "[Z]", "11:30" },
      { "+0530", "[Z0001]", "02:30" }, { "GMT-05:00", "[z]", "13:00" },
      { "GMT-5", "[z01]", "13:00" }, { "+5:30", "[Z0]", "02:30" },
      { "+530", "[Z000]", "02:30" }, { "Z", "[Z01:01t]", "08:00" },
      { "-05.30", "[Z01.01]", "13:30" },
    }) do
      assert.equal("2020-09-09T" .. case[3] .. ":00.000Z",
        iso("2020-09-09 08:00 " .. case[1], date .. case[2]))
    end
    assert.is_nil(iso("2020-09-09 08:00 0530", date .. "[Z0001]"))
    assert.is_nil(iso("2020-09-09 08:00 +0530", date .. "[Z]"))
  end)

  it("takes larger components from the present", function()
    assert.equal("2018-03-23T13:45:00.000Z", iso("13:45", "[H]:[m]", present))
    assert.equal("2018-03-23T05:30:00.000Z", iso("5.30", "[h].[m]", present))
    assert.equal("2018-04-05T00:00:00.000Z", iso("4 5", "[M] [D]", present))
    assert.equal("2018-03-23T10:33:36.123Z", iso("123", "[f]", present))
    assert.equal("2018-03-23T09:33:36.617Z", iso("+01:00", "[Z]", present))
  end)

  it("finds nothing in what does not match", function()
    for _, case in ipairs({
      { "irrelevant", "[Y]-[M]-[D]" }, { "Hello", "Hello" }, { "", "" },
      { "", "[Y]" }, { "2018-3-27x", "[Y]-[M]-[D]" }, { "x2018", "[Y]" },
      { "1 3 2018", "[D1o] [M] [Y]" }, { "Foo 2018", "[MNn] [Y]" },
      { "10122018", "[D01][MI][Y]" }, { "axb 2018", "a.b [Y]" },
      { "2018-1-1 1:30 a.m.", "[Y]-[M]-[D] [h]:[m] [P]" },
      { "one trillion", "[Yw]" }, { "1", ("[Y]"):rep(65) },
    }) do
      assert.is_nil(iso(case[1], case[2]))
    end
  end)

  local broken = {
    { "2018-22", "[Y]-[D]", "D3136" },
    { "5-22 23:59", "[M]-[D] [m]:[s]", "D3136" },
    { "2018-1-1 1:30", "[Y]-[M]-[D] [h]:[m]", "D3136" },
    { "2018-32-5", "[X]-[W]-[F1]", "D3136" },
    { "2018-3-2-5", "[X]-[x]-[w]-[F1]", "D3136" },
    { "2018-05-22", "[YN]-[M]-[D]", "D3133" },
    { "ISO 2018", "[C] [Y]", "D3133" },
    { "2018", "[Q]", "D3132" },
    { "2018", "[Y", "D3135" },
    { "2018", "[Yx]", "D3130" },
  }
  for _, case in ipairs(broken) do
    it("refuses " .. case[2], function()
      assert.equal(case[3],
        raised(datetime_parse.parse, case[1], case[2], present).code)
    end)
  end

  it("is not slow where many ways fail", function()
    local picture = ("[Y#1][Mi][YA]"):rep(20)
    assert.is_nil(iso(("1i"):rep(400), picture))
    assert.is_nil(iso(("i"):rep(4000), ("[MA][Di][YI]"):rep(20)))
  end)

  it("reads what $fromMillis writes", function()
    for _, picture in ipairs({
      "[Y0001]-[M01]-[D01]", "[MNn] [D1o], [Y]", "[Y]-[d001]",
      "[FNn], [DWwo] of [MNn] [YWw]", "[YI]-[Mi]-[D]", "[Dw] [Mw] [Yw]",
      "[D01][MN,3-3][Y0001]", "[YA] [Ma] [D]",
    }) do
      for day = -25000, 30000, 517 do
        local text = datetime_format.format(day * 86400000, picture)
        assert.equal(day * 86400000,
          datetime_parse.parse(text, picture, no_present))
      end
    end
  end)
end)
