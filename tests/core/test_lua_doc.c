/* test_lua_doc.c - the module "wf.doc", as Lua sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lua_case.h"
#include "lua_doc.h"
#include "random_doc.h"

static int open_state(void **state) {
    lua_State *L = lua_case_open("doc", wf_lua_open_doc);
    lua_case_run(L,
        "function eq(want, got)\n"
        "  if want ~= got then\n"
        "    error(('want %s, got %s'):format(tostring(want),\n"
        "      tostring(got)), 2)\n"
        "  end\n"
        "end\n"
        "function fails(pattern, f, ...)\n"
        "  local ok, err = pcall(f, ...)\n"
        "  if ok then error('no error', 2) end\n"
        "  if not tostring(err):find(pattern) then error(err, 2) end\n"
        "end\n");
    *state = L;
    return 0;
}

static int close_state(void **state) {
    lua_close(*state);
    return 0;
}

static void test_parse(void **state) {
    lua_case_run(*state,
        "local v = assert(doc.parse(' [1, {\"a\": null}] '))\n"
        "eq('[1, {\"a\": null}]', v:text())\n"
        "eq(v:text(), tostring(v))\n"
        "local none, err = doc.parse('[1,\\n x]')\n"
        "eq(nil, none)\n"
        "eq(\"line 2, column 2: expected a value, but found 'x'\", err)\n"
        "fails('string expected', doc.parse, {})\n"
        "eq('{}', doc.trusted(' {} '):text())\n");
}

static void test_types(void **state) {
    lua_case_run(*state,
        "local v = doc.parse('[null,true,false,1,\"s\",[],{}]')\n"
        "local names = { 'null', 'boolean', 'boolean', 'number', 'string',\n"
        "  'array', 'object' }\n"
        "for i, e in v:elements() do eq(names[i + 1], e:type()) end\n"
        "eq(true, v:at(1):boolean())\n"
        "eq(false, v:at(2):boolean())\n"
        "eq(nil, v:at(0):boolean())\n"
        "eq(1, v:at(3):number())\n"
        "eq(nil, v:at(4):number())\n"
        "eq('s', v:at(4):string())\n"
        "eq(nil, v:at(3):string())\n"
        "eq(7, v:len())\n"
        "eq(0, v:at(-1):len())\n"
        "eq(nil, v:at(0):len())\n"
        "eq('a\\0\\195\\169',\n"
        "  doc.parse('\"a\\\\u0000\\\\u00e9\"'):string())\n");
}

static void test_going_through(void **state) {
    lua_case_run(*state,
        "local v = doc.parse('{\"a\":1,\"\\\\u0062\":[2,3],\"a\":4}')\n"
        "eq('4', v:get('a'):text())\n"
        "eq('[2,3]', v:get('b'):text())\n"
        "eq(nil, v:get('c'))\n"
        "eq(nil, v:at(0))\n"
        "eq('3', v:get('b'):at(-1):text())\n"
        "eq(nil, v:get('b'):at(2))\n"
        "local seen = {}\n"
        "for k, m in v:members() do seen[#seen + 1] = k .. m:text() end\n"
        "eq('a1 b[2,3] a4', table.concat(seen, ' '))\n"
        "seen = {}\n"
        "for i, e in v:get('b'):elements() do seen[#seen + 1] = i .. ':' ..\n"
        "  e:text() end\n"
        "eq('0:2 1:3', table.concat(seen, ' '))\n"
        "for _ in doc.empty_object:members() do error('one') end\n"
        "for _ in doc.empty_array:elements() do error('one') end\n"
        "fails('not an object', v.members, v:get('b'))\n"
        "fails('not an array', v.elements, v)\n");
}

static void test_paths(void **state) {
    lua_case_run(*state,
        "local v = doc.parse('{\"a\":[{\"b\" : 1.0}],\"c\":1}')\n"
        "eq('1.0', v:find(doc.path { 'a', 0, 'b' }):text())\n"
        "eq('1.0', v:find(doc.path { 'a', -1, 'b' }):text())\n"
        "eq(v:text(), v:find(doc.path {}):text())\n"
        "eq(nil, v:find(doc.path { 'a', 'b' }))\n"
        "eq('{\"a\":[{\"b\" : []}],\"c\":1}',\n"
        "  v:put(doc.path { 'a', 0, 'b' }, doc.empty_array):text())\n"
        "eq('{\"a\":[{\"b\" : 1.0}],\"c\":1,\"d\":{\"e\":null}}',\n"
        "  v:put(doc.path { 'd', 'e' }, doc.null):text())\n"
        "eq(nil, v:put(doc.path { 'c', 'e' }, doc.null))\n"
        "eq('null', v:put(doc.path {}, doc.null):text())\n"
        "fails('not a name or an index', doc.path, { true })\n"
        "fails('wf.path expected', v.find, v, 'a')\n"
        "fails('wf.doc value expected', v.put, v, doc.path { 'a' }, 1)\n");
}

static void test_from(void **state) {
    lua_case_run(*state,
        "local v = doc.parse('[1.0]')\n"
        "assert(rawequal(v, doc.from(v)))\n"
        "eq('\"a\\\\n\\\\\"\"', doc.from('a\\n\"'):text())\n"
        "eq('1', doc.from(1):text())\n"
        "eq('0', doc.from(-0):text())\n"
        "eq('9007199254740992', doc.from(2^53):text())\n"
        "eq('0.1', doc.from(0.1):text())\n"
        "eq('true', doc.from(true):text())\n"
        "eq('null', doc.from(doc.null):text())\n"
        "eq('[1,[1.0],\"x\"]', doc.from({ 1, v, 'x' }):text())\n"
        "eq('{\"a\":[1.0],\"b\":{}}', doc.from({ b = {}, a = v }):text())\n"
        "eq('[]', doc.array({}):text())\n"
        "eq('[1,null,[1.0]]', doc.array({ 1, doc.null, v }):text())\n"
        "eq('{}', doc.object({}):text())\n"
        "eq('{\"z\":1,\"a\":[1.0]}',\n"
        "  doc.object({ { 'z', 1 }, { 'a', v } }):text())\n"
        "eq('\"a\\\\\\\\\"', doc.quote('a\\\\'))\n"
        "fails('JSON has no NaN', doc.from, 0 / 0)\n"
        "fails('JSON has no infinite', doc.from, 1 / 0)\n"
        "fails('data%[1%].f: a function can', doc.from, { { f = eq } })\n"
        "fails('not valid UTF', doc.from, '\\255')\n"
        "fails('not valid UTF', doc.quote, '\\255')\n"
        "fails('name in pair 1', doc.object, { { 1, 2 } })\n"
        "fails('pair 2 is a string', doc.object, { { 'a', 2 }, 'b' })\n"
        "fails('userdata', doc.from, io.stdout)\n");
}

static void test_is_value(void **state) {
    lua_case_run(*state,
        "eq(true, doc.is_value(doc.null))\n"
        "for _, x in ipairs { 1, 'x', {}, true, io.stdout, eq,\n"
        "    doc.path {} } do\n"
        "  eq(false, doc.is_value(x))\n"
        "  fails('wf.doc value expected', doc.null.text, x)\n"
        "end\n"
        "eq(false, doc.is_value(nil))\n"
        "eq('wf.doc', getmetatable(doc.null))\n"
        "eq('wf.path', getmetatable(doc.path {}))\n"
        "eq(false, (pcall(setmetatable, doc.null, {})))\n");
}

static void test_equals(void **state) {
    lua_case_run(*state,
        "local a = doc.parse('{\"a\":1,\"b\":[2]}')\n"
        "eq(true, a:equals(doc.parse('{\"b\":[2.0],\"a\":1}')))\n"
        "eq(false, a:equals(doc.parse('{\"b\":[2]}')))\n"
        "eq(false, a:equals('x'))\n");
}

static void test_decode(void **state) {
    lua_case_run(*state,
        "local t = doc.parse('{\"a\":[1,null,\"\\\\u00e9\"],\"b\":false,'\n"
        "  .. '\"c\":{}}'):decode()\n"
        "eq(1, t.a[1])\n"
        "eq(doc.null, t.a[2])\n"
        "eq('\\195\\169', t.a[3])\n"
        "eq(false, t.b)\n"
        "eq(nil, next(t.c))\n"
        "local deep = doc.trusted(('['):rep(2000) .. (']'):rep(2000))\n"
        "fails('deeper than', deep.decode, deep)\n");
}

static void test_templates(void **state) {
    lua_case_run(*state,
        "local path = doc.path\n"
        "local t = doc.template { ' {\"x\":', { path = path { 'a', 0 } },\n"
        "  ',\"n\":', { path = path { 'name' }, source = 2 }, ',\"s\":',\n"
        "  { slot = 2 }, ',\"t\":', { slot = 1 }, '}\\n' }\n"
        "collectgarbage() collectgarbage()\n"
        "local input = doc.parse('{\"a\":[1.0]}')\n"
        "local context = doc.parse('{\"name\":\"\\\\u0061\"}')\n"
        "eq('{\"x\":1.0,\"n\":\"\\\\u0061\",\"s\":null,\"t\":[]}',\n"
        "  t:render(input, context, doc.empty_array, doc.null):text())\n"
        "local none, part = t:render(doc.empty_object, context, doc.null,\n"
        "  doc.null)\n"
        "eq(nil, none) eq(2, part)\n"
        "none, part = t:render(input, doc.null, doc.null, doc.null)\n"
        "eq(nil, none) eq(4, part)\n"
        "fails('slot 2', t.render, t, input, context, doc.null)\n"
        "fails('value expected', t.render, t, input, context, 1, 1)\n"
        "fails('value expected', t.render, t, 1, context, 1, 1)\n"
        "fails('wf.template', t.render, path {}, input)\n"
        "fails('at least one', doc.template, {})\n"
        "fails('part 1', doc.template, { 1 })\n"
        "fails('part 1', doc.template, { {} })\n"
        "fails('source', doc.template, { { path = path {}, source = 3 } })\n"
        "eq('[]', doc.template { ' [] ' }:render(input):text())\n");
}

static void test_template_context_on_demand(void **state) {
    lua_case_run(*state,
        "local path, calls = doc.path, 0\n"
        "local function context() calls = calls + 1 return doc.parse('[7]')\n"
        "end\n"
        "local plain = doc.template { '[', { path = path {} }, ']' }\n"
        "eq('[1]', plain:render(doc.from(1), context):text())\n"
        "eq(0, calls)\n"
        "local twice = doc.template { '[', { path = path { 0 }, source = 2 },\n"
        "  ',', { path = path {}, source = 2 }, ']' }\n"
        "eq('[7,[7]]', twice:render(doc.null, context):text())\n"
        "eq(1, calls)\n"
        "fails('broken', twice.render, twice, doc.null,\n"
        "  function() error('broken') end)\n"
        "fails('value expected', twice.render, twice, doc.null,\n"
        "  function() return 1 end)\n");
}

static void test_template_of_a_hole_copies_nothing(void **state) {
    lua_case_run(*state,
        "local t = doc.template { { path = doc.path { 'a' } } }\n"
        "eq('[ 1 ]', t:render(doc.parse('{\"a\":[ 1 ]}')):text())\n"
        "local none, part = t:render(doc.null)\n"
        "eq(nil, none) eq(1, part)\n"
        "local parts = {}\n"
        "for i = 1, 99 do parts[i] = i % 2 == 1 and (i == 1 and '[' or ',')\n"
        "  or { path = doc.path {} } end\n"
        "parts[99] = ']'\n"
        "eq('[' .. ('1,'):rep(48) .. '1]',\n"
        "  doc.template(parts):render(doc.from(1)):text())\n");
}

static void test_values_from_c(void **state) {
    lua_State *L = *state;
    struct wf_doc *doc = wf_doc_parse(WF_STR("[1,[2]]"), NULL, NULL);
    struct wf_value inner, out;

    assert_true(wf_value_element((struct wf_value){doc, 0}, 1, &inner));
    wf_lua_push_value(L, inner);
    assert_int_equal(doc->refs, 2);
    assert_true(wf_lua_to_value(L, -1, &out));
    assert_ptr_equal(out.doc, doc);
    assert_int_equal(out.node, inner.node);
    lua_setglobal(L, "pushed");
    lua_case_run(L, "eq('[2]', pushed:text()) pushed = nil\n"
                    "collectgarbage() collectgarbage()\n");
    assert_int_equal(doc->refs, 1);
    wf_doc_unref(doc);
    lua_pushlightuserdata(L, NULL);
    lua_pushnumber(L, 1);
    lua_newuserdata(L, 1);
    for (int i = 1; i <= 4; i++) /* 4: nothing there */
        assert_false(wf_lua_to_value(L, i, &out));
    assert_int_equal(lua_gettop(L), 3);
    lua_settop(L, 0);
}

/* Dead values of large documents don't pile up: the collector is told. */
static void test_garbage_is_bounded(void **state) {
    lua_State *L = *state;
    struct wf_buf text = {0};
    struct wf_doc *docs[2000];
    int alive = 0;

    wf_buf_adds(&text, "\"");
    for (int i = 0; i < 64 * 1024; i++)
        wf_buf_u8(&text, 'x');
    wf_buf_adds(&text, "\"");
    for (int i = 0; i < 2000; i++) {
        docs[i] = wf_doc_trusted((struct wf_str){text.data, text.len});
        wf_lua_push_value(L, (struct wf_value){docs[i], 0});
        lua_pop(L, 1);
    }
    for (int i = 0; i < 2000; i++) {
        alive += docs[i]->refs > 1;
        wf_doc_unref(docs[i]);
    }
    assert_in_range(alive, 0, 500);
    wf_buf_free(&text);
}

static void test_random_documents(void **state) {
    lua_State *L = *state;
    struct random_doc r = {0};

    lua_case_run(L,
        "function check(text)\n"
        "  local v = assert(doc.parse(text))\n"
        "  text = v:text()\n"
        "  local function walk(value, steps)\n"
        "    local path = doc.path(steps)\n"
        "    local found = v:find(path)\n"
        "    assert(found:equals(doc.parse(found:text())))\n"
        "    eq(text, v:put(path, found):text())\n"
        "    if #steps > 2 then return end\n"
        "    local n, last = #steps + 1, found:type()\n"
        "    if last == 'object' then\n"
        "      for key in found:members() do\n"
        "        steps[n] = key walk(value, steps) steps[n] = nil\n"
        "      end\n"
        "    elseif last == 'array' then\n"
        "      for i in found:elements() do\n"
        "        steps[n] = i walk(value, steps) steps[n] = nil\n"
        "      end\n"
        "    end\n"
        "  end\n"
        "  walk(v, {})\n"
        "end\n");
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct wf_str text = random_doc(&r, seed);
        lua_getglobal(L, "check");
        lua_pushlstring(L, text.data, text.len);
        if (lua_pcall(L, 1, 0, 0) != 0)
            fail_msg("seed %d: %s", (int)seed, lua_tostring(L, -1));
    }
    wf_buf_free(&r.out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_going_through),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_from),
        cmocka_unit_test(test_is_value),
        cmocka_unit_test(test_equals),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_templates),
        cmocka_unit_test(test_template_context_on_demand),
        cmocka_unit_test(test_template_of_a_hole_copies_nothing),
        cmocka_unit_test(test_values_from_c),
        cmocka_unit_test(test_garbage_is_bounded),
        cmocka_unit_test(test_random_documents),
    };
    return cmocka_run_group_tests(tests, open_state, close_state);
}
