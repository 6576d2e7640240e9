/* The table of built-in Lua sources, and the directory that overrides it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embedded.h"

/* What find() bisects must be in order, and each row must find itself. */
static void test_table_is_ordered(void **state) {
    const struct wf_embedded *last = NULL, *file;

    (void)state;
    while ((file = wf_embedded_next(last)) != NULL) {
        if (last != NULL)
            assert_true(strcmp(last->path, file->path) < 0);
        assert_ptr_equal(wf_embedded_find(file->path), file);
        assert_int_equal(file->bytes[file->length], 0);
        assert_null(strstr(file->path, ".stub.lua"));
        last = file;
    }
    assert_non_null(wf_embedded_find("states/wait.lua"));
    assert_non_null(wf_embedded_find("lua/lib/exec.lua"));
    assert_null(wf_embedded_find("lua/no_such_file.lua"));
}

/* The built-in bytes are those of the source tree. */
static void test_bytes_are_the_files(void **state) {
    const struct wf_embedded *file = NULL;
    size_t files = 0;

    (void)state;
    while ((file = wf_embedded_next(file)) != NULL) {
        struct wf_buf disk = {0}, built_in = {0};
        struct wf_error err;

        assert_int_equal(wf_lua_source(file->path, MOONSTEP_SOURCE_DIR, &disk,
                                       &err), 0);
        assert_int_equal(wf_lua_source(file->path, NULL, &built_in, &err), 0);
        assert_int_equal(disk.len, built_in.len);
        assert_memory_equal(disk.data, built_in.data, disk.len);
        wf_buf_free(&disk);
        wf_buf_free(&built_in);
        files++;
    }
    assert_int_equal(files, wf_embedded_count);
}

static void test_below_keeps_to_the_prefix(void **state) {
    const struct wf_embedded *file = NULL;
    size_t below = 0, all = 0;

    (void)state;
    while ((file = wf_embedded_below("states/", file)) != NULL) {
        assert_int_equal(strncmp(file->path, "states/", 7), 0);
        below++;
    }
    while ((file = wf_embedded_next(file)) != NULL)
        all += strncmp(file->path, "states/", 7) == 0;
    assert_int_equal(below, all);
}

static void test_directory_stands_alone(void **state) {
    char directory[] = "/tmp/test_embedded.XXXXXX", path[64];
    struct wf_buf source = {0};
    struct wf_error err;
    FILE *file;

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/own.lua", directory);
    file = fopen(path, "w");
    fputs("return 1", file);
    fclose(file);
    assert_int_equal(wf_lua_source("own.lua", directory, &source, &err), 0);
    assert_int_equal(source.len, 8);
    assert_int_equal(wf_lua_source("none.lua", directory, &source, &err), -1);
    assert_int_equal(err.code, WF_E_NOT_FOUND);
    assert_int_equal(wf_lua_source("own.lua", NULL, &source, &err), -1);
    assert_int_equal(err.code, WF_E_NOT_FOUND);
    unlink(path);
    rmdir(directory);
    wf_buf_free(&source);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_ordered),
        cmocka_unit_test(test_bytes_are_the_files),
        cmocka_unit_test(test_below_keeps_to_the_prefix),
        cmocka_unit_test(test_directory_stands_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
