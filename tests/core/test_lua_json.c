/*
 * test_lua_json.c - JSON and plain Lua data. In Lua, through(text, change)
 * is a task: it decodes the text, has `change` work on the data (its result,
 * if any, is the output) and encodes that with the origin.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lua_case.h"
#include "lua_json.h"
#include "random_doc.h"

static struct wf_doc *parse_argument(lua_State *L) {
    struct wf_str text;
    text.data = luaL_checklstring(L, 1, &text.len);
    return wf_doc_parse(text, NULL, NULL);
}

/* Encodes the data at the top, with the origin at `origin`. */
static int encode_top(lua_State *L, int origin, size_t max_bytes) {
    struct wf_lua_json_options options = {
        .name = "output", .origin = origin, .max_bytes = max_bytes};
    struct wf_error err = {0};
    struct wf_buf buf = {0};
    int top = lua_gettop(L);
    int rc = wf_lua_json_encode(L, -1, &options, &buf, &err);

    assert_int_equal(lua_gettop(L), top);
    lua_pushboolean(L, rc == 0);
    if (rc == 0)
        lua_pushlstring(L, buf.data, buf.len);
    else
        lua_pushstring(L, err.message);
    wf_buf_free(&buf);
    return 2;
}

static int through(lua_State *L) {
    struct wf_doc *doc = parse_argument(L);
    struct wf_error err = {0};

    assert_non_null(doc);
    lua_settop(L, 2);
    assert_int_equal(wf_lua_json_decode(L, doc, &err), 0);
    assert_int_equal(lua_gettop(L), 4);
    wf_doc_unref(doc); /* the origin keeps it */
    if (lua_isnil(L, 2)) {
        lua_pushvalue(L, 3);
    } else {
        lua_pushvalue(L, 2);
        lua_pushvalue(L, 3);
        lua_call(L, 1, 1);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            lua_pushvalue(L, 3);
        }
    }
    return encode_top(L, 4, 100000);
}

static int open_state(void **state) {
    lua_State *L = lua_case_open("json", wf_lua_open_json);
    lua_register(L, "task", through);
    lua_case_run(L,
        "function eq(want, got)\n"
        "  if want ~= got then\n"
        "    error(('want %s, got %s'):format(tostring(want),\n"
        "      tostring(got)), 2)\n"
        "  end\n"
        "end\n"
        "function through(text, change)\n"
        "  local ok, out = task(text, change)\n"
        "  if not ok then error(out, 0) end\n"
        "  return out\n"
        "end\n"
        "function fails(message, f, ...)\n"
        "  local ok, err = pcall(f, ...)\n"
        "  if ok then error('no error', 2) end\n"
        "  eq(message, err)\n"
        "end\n");
    *state = L;
    return 0;
}

static int close_state(void **state) {
    lua_close(*state);
    return 0;
}

static void test_untouched_is_identical(void **state) {
    lua_case_run(*state,
        "for _, text in ipairs {\n"
        "  '[]', '{}', '[ ]', '{ }', 'null', '1.0', '-0', '1e400',\n"
        "  '\"\\\\u0061\"', '12345678901234567890',\n"
        "  '{ \"z\" : 1.0 , \"a\" : [ 1 ,\\n 2,{\"q\":[ ]} ] , \"i\":'\n"
        "    .. '1234567890123456789012345678901234567890 }',\n"
        "  '{\"a\":1,\"a\":2}', '{\"a\":[1],\"a\":[2] ,\"\\\\u0061\":{}}',\n"
        "  '[null,[null],{\"a\":null}]', '[1e400,-1e400]',\n"
        "  '{\"\\\\ud800\":\"\\\\ud800\",\"\":\"\\\\u0000\"}',\n"
        "} do eq(text, through(text)) end\n");
}

static void test_changes_stay_in_place(void **state) {
    lua_case_run(*state,
        "local s = '{ \"z\" : 1.0 , \"a\" : [ 1 , 2.0,{\"q\":[ ]} ] ,'\n"
        "  .. '\"e\":{ } , \"\\\\u0062\":1e400 }'\n"
        "eq('{ \"z\" : 2 , \"a\" : [ 1 , 2.0,{\"q\":[ ]} ] ,\"e\":{ } , '\n"
        "  .. '\"\\\\u0062\":1e400 }',\n"
        "  through(s, function(t) t.z = 2 end))\n"
        "eq('{ \"a\" : [ 1 , 2.0,{\"q\":[ ]} ] ,\"e\":{ } }',\n"
        "  through(s, function(t) t.z = nil t.b = nil end))\n"
        "eq('{ \"z\" : 1.0 , \"a\" : [ 1 ] ,\"e\":{\"k\":[null] } , '\n"
        "  .. '\"\\\\u0062\":1e400,\"new\":{},\"newer\":\"x\" }',\n"
        "  through(s, function(t)\n"
        "    t.a[2] = nil t.a[3] = nil\n"
        "    t.e.k = { json.null } t.newer = 'x' t.new = {}\n"
        "  end))\n"
        "eq('{ \"z\" : 1.0 , \"a\" : [ 1 , 2.0,{\"q\":[\"x\" ]},true ] ,'\n"
        "  .. '\"e\":{ } , \"\\\\u0062\":1e400 }',\n"
        "  through(s, function(t) t.a[3].q[1] = 'x' t.a[4] = true end))\n"
        "eq('{\"k\":1 }', through(s, function(t)\n"
        "    for k in pairs(t) do t[k] = nil end t.k = 1 end))\n"
        "eq('{ }', through(s, function(t)\n"
        "    for k in pairs(t) do t[k] = nil end end))\n"
        "eq('[ ]', through('[1, 2 ]', function(t) t[1] = nil t[2] = nil\n"
        "  end))\n"
        "eq('[0,1 ]', through('[ ]', function(t) t[1] = 0 t[2] = 1 end))\n");
}

static void test_types_that_change(void **state) {
    lua_case_run(*state,
        "eq('{\"a\":\"1\"}', through('{\"a\":1}',\n"
        "  function(t) t.a = '1' end))\n"
        "eq('[null,1,false]', through('[0,null,true]',\n"
        "  function(t) t[1] = json.null t[2] = 1 t[3] = false end))\n"
        "eq('[{},[]]', through('[1,{}]',\n"
        "  function(t) t[1] = {} t[2] = json.array {} end))\n"
        "eq('[2]', through('{}', function(t) t[1] = 2 end))\n"
        "eq('{\"a\":1}', through('[]',\n"
        "  function(t) t.a = 1 return json.object(t) end))\n"
        "eq('[]', through('[]', function(t) return setmetatable(t, nil)\n"
        "  end))\n"
        "eq('null', through('[1]', function() return json.null end))\n");
}

static void test_parts_that_move(void **state) {
    lua_case_run(*state,
        "local s = '{\"a\":[ 1.0 ],\"b\":{\"c\" : 1e2}}'\n"
        "eq('[{\"c\" : 1e2},[ 1.0 ]]',\n"
        "  through(s, function(t) return { t.b, t.a } end))\n"
        "eq('{\"a\":{\"c\" : 1e2},\"b\":[ 1.0 ]}',\n"
        "  through(s, function(t) t.a, t.b = t.b, t.a end))\n"
        "eq('{\"b\":{\"c\" : 1e2}}', through('[' .. s .. ',0]',\n"
        "  function(t) t[1].a = nil return t[1] end))\n"
        "eq('[{\"id\": 2.0},{\"id\": 2.0}]', through(\n"
        "  '[{\"id\": 1.0},{\"id\": 2.0}]',\n"
        "  function(t) t[1] = t[2] end))\n"
        "eq('[ {\"id\": 2.0}]', through('[ {\"id\": 1.0},{\"id\": 2.0}]',\n"
        "  function(t) table.remove(t, 1) end))\n");
}

static void test_duplicate_names(void **state) {
    lua_case_run(*state,
        "local s = '{ \"a\":1,\"b\":2 ,\"a\": 3,\"a\":4 }'\n"
        "eq('{ \"a\":1,\"b\":0 ,\"a\": 3,\"a\":4 }',\n"
        "  through(s, function(t) t.b = 0 end))\n"
        "eq('{ \"b\":2,\"a\":5 }', through(s, function(t) t.a = 5 end))\n"
        "eq('{ \"b\":2 }', through(s, function(t) t.a = nil end))\n"
        "eq('{ \"a\":1 ,\"a\": 3,\"a\":4,\"c\":0,\"d\":0 }', through(s,\n"
        "  function(t) t.b = nil t.c = 0 t.d = 0 end))\n"
        "eq('{\"a\":1,\"a\":2,\"c\":3}', through('{\"a\":1,\"a\":2}',\n"
        "  function(t) t.c = 3 end))\n"
        "local many = {}\n"
        "for i = 1, 40 do many[i] = '\"k' .. i % 30 .. '\": ' .. i end\n"
        "local text = '[{' .. table.concat(many, ', ') .. '}]'\n"
        "eq(text, through(text))\n");
}

static void test_fresh_data(void **state) {
    lua_case_run(*state,
        "eq('{\"a\":[1,2.5],\"b\":{\"c\":null},\"d\":true}', json.encode {\n"
        "  d = true, b = { c = json.null }, a = { 1, 2.5 } })\n"
        "eq('[{},[],[],{},[]]', json.encode { {}, json.array {},\n"
        "  json.empty_array, json.object(), json.array() })\n"
        "eq('[9007199254740992,-1,0,0.1]',\n"
        "  json.encode { 2^53, -1, -0, 0.1 })\n"
        "eq('\"\\\\u0000\\\\n\\\\\"\\195\\169\"',\n"
        "  json.encode('\\0\\n\"\\195\\169'))\n"
        "eq('null', json.encode(nil))\n"
        "local wide = {}\n"
        "for i = 1, 50 do wide['k' .. 100 + i] = i end\n"
        "local text = json.encode(wide)\n"
        "eq('{\"k101\":1,\"k102\":2,', text:sub(1, 19))\n"
        "eq(text, json.encode(json.decode(text)))\n");
}

static void test_module(void **state) {
    lua_case_run(*state,
        "local t = json.decode('{\"a\":[],\"b\":null,\"c\":\"\\\\u00e9\"}')\n"
        "eq(json.array_mt, getmetatable(t.a))\n"
        "eq(json.null, t.b)\n"
        "eq('\\195\\169', t.c)\n"
        "eq('{\"a\":[],\"b\":null,\"c\":\"\\195\\169\"}', json.encode(t))\n"
        "local none, err = json.decode('[1,]')\n"
        "eq(nil, none)\n"
        "eq(\"line 1, column 4: expected a value, but found ']'\", err)\n"
        "eq('userdata', type(json.null))\n"
        "local list = { 1 }\n"
        "assert(rawequal(list, json.array(list)))\n");
}

static void test_errors_name_the_place(void **state) {
    lua_case_run(*state,
        "local function out(data)\n"
        "  return through('{\"hosts\":[]}', function() return data end)\n"
        "end\n"
        "fails(\"output.hosts[3]: a function can't be encoded\", out,\n"
        "  { hosts = { 1, 2, print } })\n"
        "fails(\"output: a userdata can't be encoded\", out, io.stdout)\n"
        "fails(\"output[1]: a thread can't be encoded\", out,\n"
        "  { coroutine.create(print) })\n"
        "fails(\"output: a cdata can't be encoded\", out, 1LL)\n"
        "fails('output[\"a b\"].c: JSON has no NaN', out,\n"
        "  { ['a b'] = { c = 0 / 0 } })\n"
        "fails('output: JSON has no infinite numbers', out, -1 / 0)\n"
        "fails('output.s: the string is not valid UTF-8 (encode bytes, as '\n"
        "  .. 'base64 for instance)', out, { s = '\\255' })\n"
        "fails('output: a key is not valid UTF-8', out, { ['\\255'] = 1 })\n"
        "fails('output: the table has both names and numbers as keys', out,\n"
        "  { 1, a = 2 })\n"
        "fails('output: the array has holes (use json.null)', out,\n"
        "  { 1, nil, 3 })\n"
        "fails('output: the keys are numbers, but not 1 to n (use strings, '\n"
        "  .. 'or json.null in holes)', out, { [7] = 1 })\n"
        "fails('output: a key is a boolean, not a string', out,\n"
        "  { [true] = 1 })\n"
        "fails(\"output: an array can't have names as keys\", out,\n"
        "  json.array { a = 1 })\n"
        "fails(\"output: an object can't have numbers as keys\", out,\n"
        "  json.object { 1 })\n"
        "local loop = { a = {} } loop.a.b = loop\n"
        "fails('output.a.b: the table contains itself', out, loop)\n"
        "fails('output.x[1].x: the table contains itself', through,\n"
        "  '{\"x\":[0]}', function(t) t.x[1] = { x = t.x } end)\n"
        "local deep = {} for _ = 1, 1100 do deep = { deep } end\n"
        "local ok, err = pcall(out, deep)\n"
        "assert(not ok and err:find('nested deeper than 1000 levels$'), err)\n"
        "local dag = { 'x' } for _ = 1, 60 do dag = { dag, dag } end\n"
        "fails('output: longer than the limit of 100000 bytes', out, dag)\n"
        "ok, err = pcall(json.encode, { print })\n"
        "assert(not ok and err:find(\"data%[1%]: a function can't\"), err)\n");
}

static void test_deep_documents(void **state) {
    lua_case_run(*state,
        "local s = ('['):rep(500) .. '1.0' .. (']'):rep(500)\n"
        "eq(s, through(s))\n"
        "s = ('{\"a\": '):rep(500) .. '1.0' .. ('}'):rep(500)\n"
        "eq(s, through(s))\n");
}

static void test_too_deep_to_decode(void **state) {
    lua_State *L = *state;
    struct wf_error err = {0};
    char text[2402];

    memset(text, '[', 1200);
    memset(text + 1200, ']', 1200);
    struct wf_doc *doc = wf_doc_trusted((struct wf_str){text, 2400});
    assert_int_equal(wf_lua_json_decode(L, doc, &err), -1);
    assert_int_equal(err.code, WF_E_LIMIT);
    assert_int_equal(lua_gettop(L), 0);
    wf_doc_unref(doc);
}

static void call_through(lua_State *L, struct wf_str text, const char *change,
                         uint64_t seed) {
    lua_getglobal(L, "through");
    lua_pushlstring(L, text.data, text.len);
    lua_getglobal(L, change);
    if (lua_pcall(L, 2, 1, 0) != 0)
        fail_msg("seed %d: %s", (int)seed, lua_tostring(L, -1));
}

static void test_random_documents(void **state) {
    lua_State *L = *state;
    struct random_doc r = {0};

    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct wf_str text = random_doc(&r, seed), got;
        call_through(L, text, "nothing", seed);
        got.data = lua_tolstring(L, -1, &got.len);
        if (!wf_str_eq(text, got))
            fail_msg("seed %d: got %s", (int)seed, got.data);
        lua_pop(L, 1);
    }
    wf_buf_free(&r.out);
}

/* However data is changed, the merge means the same as encoding it afresh. */
static void test_random_changes(void **state) {
    lua_State *L = *state;
    struct random_doc r = {0};

    lua_case_run(L,
        "math.randomseed(7)\n"
        "local function mangle(t)\n"
        "  if type(t) ~= 'table' then return end\n"
        "  if getmetatable(t) == json.array_mt then\n"
        "    for i = #t, 1, -1 do\n"
        "      local dice = math.random(8)\n"
        "      if t[i] == math.huge or t[i] == -math.huge then t[i] = 1 end\n"
        "      if dice == 1 then table.remove(t, i)\n"
        "      elseif dice == 2 then t[i] = 'new'\n"
        "      else\n"
        "        mangle(t[i])\n"
        "        if dice == 3 then table.insert(t, i, { i }) end\n"
        "      end\n"
        "    end\n"
        "    return\n"
        "  end\n"
        "  local keys = {}\n"
        "  for k in pairs(t) do keys[#keys + 1] = k end\n"
        "  table.sort(keys)\n"
        "  for _, k in ipairs(keys) do\n"
        "    local dice = math.random(8)\n"
        "    if t[k] == math.huge or t[k] == -math.huge then t[k] = 1 end\n"
        "    if dice == 1 then t[k] = nil\n"
        "    elseif dice == 2 then t[k] = json.null\n"
        "    else\n"
        "      mangle(t[k])\n"
        "      if dice == 3 then t[k .. 'x'] = { k = 1 } end\n"
        "    end\n"
        "  end\n"
        "end\n"
        "function change(t) mangle(t) changed = t end\n"
        "function afresh() return json.encode(changed) end\n");
    for (uint64_t seed = 2000; seed < 2300; seed++) {
        struct wf_str text = random_doc(&r, seed), merged, fresh;
        struct wf_error err = {0};
        if (text.data[0] != '{' && text.data[0] != '[')
            continue;
        call_through(L, text, "change", seed);
        merged.data = lua_tolstring(L, -1, &merged.len);
        lua_getglobal(L, "afresh");
        if (lua_pcall(L, 0, 1, 0) != 0)
            fail_msg("seed %d: %s", (int)seed, lua_tostring(L, -1));
        fresh.data = lua_tolstring(L, -1, &fresh.len);
        struct wf_doc *a = wf_doc_parse(merged, NULL, &err);
        if (!a)
            fail_msg("seed %d: %s: %s", (int)seed, err.message, merged.data);
        lua_getglobal(L, "json");
        lua_getfield(L, -1, "decode");
        lua_pushlstring(L, merged.data, merged.len);
        lua_call(L, 1, 1);
        lua_setglobal(L, "changed");
        lua_getglobal(L, "afresh");
        lua_call(L, 0, 1);
        assert_string_equal(lua_tostring(L, -1), fresh.data);
        wf_doc_unref(a);
        lua_settop(L, 0);
    }
    wf_buf_free(&r.out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_untouched_is_identical),
        cmocka_unit_test(test_changes_stay_in_place),
        cmocka_unit_test(test_types_that_change),
        cmocka_unit_test(test_parts_that_move),
        cmocka_unit_test(test_duplicate_names),
        cmocka_unit_test(test_fresh_data),
        cmocka_unit_test(test_module),
        cmocka_unit_test(test_errors_name_the_place),
        cmocka_unit_test(test_deep_documents),
        cmocka_unit_test(test_too_deep_to_decode),
        cmocka_unit_test(test_random_documents),
        cmocka_unit_test(test_random_changes),
    };
    return cmocka_run_group_tests(tests, open_state, close_state);
}
