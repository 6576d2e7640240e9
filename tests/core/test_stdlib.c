/*
 * Tests of the handlers' standard library: each case is a Lua function of
 * tests/core/stdlib/NAME.lua, run as a task (tests/support/mini_worker.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <lauxlib.h>
#include <lua.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "file.h"
#include "lua_stdlib.h"
#include "mini_worker.h"
#include "web.h"
#include "web_certificate.h"

struct fixture {
    struct mini_worker *mini;
    struct web *web, *tls; /* tls: in one case only */
    char *directory;
};

static size_t open_descriptors(void) {
    DIR *dir = opendir("/proc/self/fd");
    size_t count = 0;
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static int l_connections(lua_State *L) {
    struct web *web = lua_touserdata(L, lua_upvalueindex(1));
    lua_pushinteger(L, (lua_Integer)web_connections(web));
    return 1;
}

/* The module "fixture" of the cases. */
static void set_fixture(lua_State *L, struct fixture *fixture,
                        const char *url) {
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "loaded");
    lua_newtable(L);
    lua_pushstring(L, fixture->directory);
    lua_setfield(L, -2, "directory");
    lua_pushstring(L, url);
    lua_setfield(L, -2, "url");
    lua_pushlightuserdata(L, fixture->web);
    lua_pushcclosure(L, l_connections, 1);
    lua_setfield(L, -2, "connections");
    lua_setfield(L, -2, "fixture");
    lua_pop(L, 2);
}

static int set_up(void **state) {
    struct fixture *fixture = wf_calloc(1, sizeof(*fixture));
    struct wf_buf path = {0};
    char url[64];

    signal(SIGPIPE, SIG_IGN);
    wf_file_temp_dir(NULL, "test-stdlib-", &path, NULL);
    fixture->directory = path.data;
    fixture->web = web_start();
    snprintf(url, sizeof(url), "http://127.0.0.1:%d", web_port(fixture->web));
    fixture->mini =
        mini_worker_new(&wf_stdlib, MOONSTEP_SOURCE_DIR "/lua/lib");
    set_fixture(mini_worker_lua(fixture->mini), fixture, url);
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    mini_worker_free(fixture->mini);
    web_stop(fixture->web);
    if (fixture->tls)
        web_stop(fixture->tls);
    int rc = wf_file_remove_tree(fixture->directory, NULL, NULL);
    free(fixture->directory);
    free(fixture);
    return rc;
}

static void run_case(void **state, const char *module, const char *name) {
    struct fixture *fixture = *state;
    char file[1024];

    snprintf(file, sizeof(file), "%s/tests/core/stdlib/%s.lua",
             MOONSTEP_SOURCE_DIR, module);
    char *wrong = mini_worker_run(fixture->mini, file, name);
    if (wrong)
        fail_msg("%s.%s: %s", module, name, wrong);
}

/* The case gets the URL as fixture.tls, the authority as DIRECTORY/ca.pem. */
static void http_tls(void **state) {
    struct fixture *fixture = *state;
    lua_State *L = mini_worker_lua(fixture->mini);
    struct wf_buf path = {0};
    char *key, *certificate;

    web_certificate_make(&key, &certificate);
    wf_buf_addf(&path, "%s/ca.pem", fixture->directory);
    wf_buf_u8(&path, '\0');
    assert_int_equal(wf_file_write(path.data, wf_str(certificate),
                                   (struct wf_file_mode){-1, false}, NULL),
                     0);
    fixture->tls = web_start_tls(key, certificate);
    luaL_findtable(L, LUA_REGISTRYINDEX, "_LOADED", 1);
    lua_getfield(L, -1, "fixture");
    lua_pushfstring(L, "https://127.0.0.1:%d", web_port(fixture->tls));
    lua_setfield(L, -2, "tls");
    run_case(state, "http", "tls");
    wf_buf_free(&path);
    free(key);
    free(certificate);
}

/* Module and function of each case. */
#define CASES(X) \
    X(exec, status) \
    X(exec, signal) \
    X(exec, output) \
    X(exec, stdin) \
    X(exec, large_stdin) \
    X(exec, env) \
    X(exec, clear_env) \
    X(exec, cwd) \
    X(exec, shell) \
    X(exec, timeout) \
    X(exec, grandchildren) \
    X(exec, clipped) \
    X(exec, stream) \
    X(exec, missing) \
    X(exec, not_executable) \
    X(exec, background) \
    X(exec, misuse) \
    X(exec, cancelled) \
    X(exec, many) \
    X(fs, files) \
    X(fs, directories) \
    X(fs, links) \
    X(fs, walk) \
    X(fs, failures) \
    X(fs, misuse) \
    X(fs, concurrent) \
    X(fs, cancelled) \
    X(http, echo) \
    X(http, query) \
    X(http, bodies) \
    X(http, headers) \
    X(http, json) \
    X(http, redirects) \
    X(http, methods_after_redirect) \
    X(http, credentials) \
    X(http, status) \
    X(http, timeout) \
    X(http, connect_failed) \
    X(http, bad_url) \
    X(http, to_file) \
    X(http, from_file) \
    X(http, chunked) \
    X(http, broken) \
    X(http, too_large) \
    X(http, concurrent) \
    X(http, reuse) \
    X(http, cancelled) \
    X(http, misuse) \
    X(misc, sleeps) \
    X(misc, log) \
    X(misc, time) \
    X(misc, virtual_time) \
    X(misc, env) \
    X(misc, template)

#define FUNCTION(module, name) \
    static void module##_##name(void **state) { \
        run_case(state, #module, #name); \
    }
#define ENTRY(module, name) \
    cmocka_unit_test_setup_teardown(module##_##name, set_up, tear_down),

CASES(FUNCTION)

int main(void) {
    const struct CMUnitTest cases[] = {
        CASES(ENTRY)
        cmocka_unit_test_setup_teardown(http_tls, set_up, tear_down),
    };
    size_t before = open_descriptors();
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    if (open_descriptors() != before) {
        fprintf(stderr, "descriptors leak: %zu, then %zu\n", before,
                open_descriptors());
        return 1;
    }
    return failed;
}
