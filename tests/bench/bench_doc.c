/*
 * bench_doc.c - what payload documents cost: indexing, finding, rendering
 * templates, and a handler's decode and encode beside lua-cjson's. One core;
 * prints a line for each figure.
 *
 *   bench_doc [SECONDS a figure, default 0.5]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <lauxlib.h>
#include <lualib.h>

#include "lua_doc.h"
#include "lua_json.h"

/* 230 bytes, as in the performance table. */
static const char small[] =
    "{\"orderId\":\"0197c6d2-1b7e-7a11-b51c-2f3d1f6d1a11\",\"customer\":"
    "{\"id\":8812345678901,\"name\":\"Ada Lovelace\",\"vip\":true},\"items\":"
    "[{\"sku\":\"A-1001\",\"qty\":2,\"price\":19.99},{\"sku\":\"B-7\","
    "\"qty\":1,\"price\":5}],\"note\":null,\"step\":12,\"tag\":\"xyz\"}";

static double seconds = 0.5;

static double now(void) {
    struct timespec t; /* our own time: neighbours count less */
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Seconds for one call of `run`, which does `times` of something. */
static double measure(void (*run)(void *arg, int times), void *arg) {
    int times = 1;
    double took = 0;

    while (took < seconds) {
        times *= 2;
        double start = now();
        run(arg, times);
        took = now() - start;
    }
    return took / times;
}

static void run_parse(void *arg, int times) {
    const struct wf_str *text = arg;
    for (int i = 0; i < times; i++)
        wf_doc_unref(wf_doc_parse(*text, NULL, NULL));
}

static void bench_parse(const char *what, struct wf_str text) {
    double each = measure(run_parse, &text);
    printf("index %-20s %6zu bytes %9.0f ns %8.0f MB/s\n", what, text.len,
           each * 1e9, (double)text.len / each / 1e6);
}

struct find {
    struct wf_doc *doc;
    struct wf_path *path;
};

static void run_find(void *arg, int times) {
    struct find *find = arg;
    struct wf_value found = {0};
    for (int i = 0; i < times; i++) {
        wf_path_find(find->path, (struct wf_value){find->doc, 0}, &found);
        __asm__ volatile("" : : "r"(found.node) : "memory");
    }
}

static void bench_find(void) {
    struct find find = {wf_doc_parse(wf_str(small), NULL, NULL),
                        wf_path_new()};
    wf_path_name(find.path, WF_STR("items"));
    wf_path_index(find.path, 1);
    wf_path_name(find.path, WF_STR("price"));
    printf("find $.items[1].price %31.0f ns\n",
           measure(run_find, &find) * 1e9);
    wf_path_free(find.path);
    wf_doc_unref(find.doc);
}

/* Calls the global function `name` with the number of turns. */
struct lua_run {
    lua_State *L;
    const char *name;
};

static void run_lua(void *arg, int times) {
    struct lua_run *run = arg;
    lua_getglobal(run->L, run->name);
    lua_pushinteger(run->L, times);
    if (lua_pcall(run->L, 1, 0, 0) != 0) {
        fprintf(stderr, "%s\n", lua_tostring(run->L, -1));
        exit(1);
    }
}

static void bench_lua(lua_State *L, const char *name, const char *what) {
    struct lua_run run = {L, name};
    double each = measure(run_lua, &run);
    printf("%-40s %12.0f ns %8.2f M/s\n", what, each * 1e9, 1e-6 / each);
}

static const char functions[] =
    "local path = doc.path\n"
    "local parameters = doc.template { '{\"id\":',\n"
    "  { path = path { 'orderId' } }, ',\"who\":',\n"
    "  { path = path { 'customer', 'name' } }, ',\"first\":',\n"
    "  { path = path { 'items', 0 } }, ',\"price\":',\n"
    "  { path = path { 'items', 1, 'price' } }, ',\"step\":',\n"
    "  { path = path { 'step' } }, ',\"fixed\":true}' }\n"
    "local input = doc.parse(text)\n"
    "function render(n) for _ = 1, n do parameters:render(input) end end\n"
    "function parse_render(n)\n"
    "  for _ = 1, n do parameters:render(doc.parse(text)) end\n"
    "end\n"
    "local price = path { 'items', 1, 'price' }\n"
    "function find(n) for _ = 1, n do input:find(price) end end\n"
    "local result = path { 'result' }\n"
    "function put(n) for _ = 1, n do input:put(result, input) end end\n"
    "function from(n)\n"
    "  for i = 1, n do doc.object { { 'Error', 'x' }, { 'Cause', i } } end\n"
    "end\n"
    "local has, cjson = pcall(require, 'cjson')\n"
    "if has then\n"
    "  function cjson_both(n)\n"
    "    for _ = 1, n do cjson.encode(cjson.decode(text)) end\n"
    "  end\n"
    "end\n"
    "function json_both(n)\n"
    "  for _ = 1, n do json.encode(json.decode(text)) end\n"
    "end\n";

/* A task's way: decode with origin, change one member, encode. */
struct handler {
    lua_State *L;
    bool change;
    struct wf_buf out;
};

static void run_handler(void *arg, int times) {
    struct handler *h = arg;
    struct wf_lua_json_options options = {.name = "output", .origin = 2};

    for (int i = 0; i < times; i++) {
        struct wf_doc *doc = wf_doc_parse(wf_str(small), NULL, NULL);
        lua_settop(h->L, 0);
        wf_lua_json_decode(h->L, doc, NULL);
        wf_doc_unref(doc);
        if (h->change) {
            lua_pushinteger(h->L, i);
            lua_setfield(h->L, 1, "step");
        }
        h->out.len = 0;
        wf_lua_json_encode(h->L, 1, &options, &h->out, NULL);
    }
    lua_settop(h->L, 0);
}

static void bench_handler(lua_State *L, bool change, const char *what) {
    struct handler handler = {.L = L, .change = change};
    printf("%-40s %12.0f ns\n", what, measure(run_handler, &handler) * 1e9);
    wf_buf_free(&handler.out);
}

struct push {
    lua_State *L;
    struct wf_doc *doc;
};

static void run_push(void *arg, int times) {
    struct push *push = arg;
    for (int i = 0; i < times; i++) {
        wf_lua_push_value(push->L, (struct wf_value){push->doc, 0});
        lua_pop(push->L, 1);
    }
}

static void bench_push(lua_State *L) {
    struct push push = {L, wf_doc_parse(wf_str(small), NULL, NULL)};
    double each = measure(run_push, &push);
    printf("%-40s %12.0f ns %8.2f M/s\n", "push a value to Lua", each * 1e9,
           1e-6 / each);
    wf_doc_unref(push.doc);
}

static void bench_large(void) {
    struct wf_buf text = {0};

    wf_buf_u8(&text, '[');
    for (int i = 0; i < 42; i++) {
        if (i)
            wf_buf_u8(&text, ',');
        wf_buf_adds(&text, small);
    }
    wf_buf_u8(&text, ']');
    bench_parse("10 KB", (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
}

static lua_State *open_state(void) {
    lua_State *L = luaL_newstate();

    luaL_openlibs(L);
    wf_lua_open_doc(L);
    lua_setglobal(L, "doc");
    wf_lua_open_json(L);
    lua_setglobal(L, "json");
    lua_pushstring(L, small);
    lua_setglobal(L, "text");
    if (luaL_dostring(L, functions) != 0) {
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
        exit(1);
    }
    lua_settop(L, 0);
    return L;
}

int main(int argc, char **argv) {
    if (argc > 1)
        seconds = atof(argv[1]);
    bench_parse("typical", wf_str(small));
    bench_large();
    bench_find();
    lua_State *L = open_state();
    bench_push(L);
    bench_lua(L, "find", "value:find in Lua");
    bench_lua(L, "put", "value:put of 230 bytes into 230");
    bench_lua(L, "render", "template of 5 paths, indexed input");
    bench_lua(L, "parse_render", "the same and indexing");
    bench_lua(L, "from", "doc.object of two members");
    bench_handler(L, false, "handler: decode, encode untouched");
    bench_handler(L, true, "handler: decode, change one, encode");
    bench_lua(L, "json_both", "json.decode and json.encode");
    lua_getglobal(L, "cjson_both");
    if (!lua_isnil(L, -1))
        bench_lua(L, "cjson_both", "cjson.decode and cjson.encode");
    lua_close(L);
    return 0;
}
