/* test_ended.c - rows of executions that have ended, kept for a while. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "ended.h"

static struct wf_ended *new_ended(void) {
    return wf_calloc(1, sizeof(struct wf_ended));
}

static void free_ended(struct wf_ended *ended) {
    wf_ended_free(ended);
    free(ended);
}

static void keeps_rows(void **state) {
    struct wf_ended *ended = new_ended();
    (void)state;
    assert_null(wf_ended_row(ended, 7).data);
    wf_ended_keep(ended, 7, 1, WF_STR("a"), WF_STR("row"));
    assert_true(wf_str_eq(wf_ended_row(ended, 7), WF_STR("row")));
    assert_int_equal(wf_ended_find(ended, 1, WF_STR("a")), 7);
    assert_int_equal(wf_ended_find(ended, 2, WF_STR("a")), 0);
    assert_int_equal(wf_ended_find(ended, 1, WF_STR("b")), 0);
    assert_null(wf_ended_row(ended, 8).data);
    /* also when it is what it gave out */
    wf_ended_keep(ended, 7, 1, WF_STR("a"), wf_ended_row(ended, 7));
    assert_true(wf_str_eq(wf_ended_row(ended, 7), WF_STR("row")));
    free_ended(ended);
}

static void keeps_no_large_rows(void **state) {
    static char large[WF_ENDED_ROW_BYTES + 1];
    struct wf_ended *ended = new_ended();
    (void)state;
    wf_ended_keep(ended, 7, 1, WF_STR("a"),
                  (struct wf_str){large, sizeof(large)});
    assert_int_equal(wf_ended_find(ended, 1, WF_STR("a")), 0);
    assert_null(wf_ended_row(ended, 7).data);
    free_ended(ended);
}

/* Whatever is kept, is found right or not at all; memory is bounded. */
static void many_take_places_of_others(void **state) {
    struct wf_ended *ended = new_ended();
    unsigned found = 0;
    char name[24];
    (void)state;
    for (uint64_t id = 1; id <= UINT64_C(5) * WF_ENDED_SLOTS; id++) {
        snprintf(name, sizeof(name), "%llu", (unsigned long long)id);
        wf_ended_keep(ended, id, 1, wf_str(name), wf_str(name));
    }
    for (uint64_t id = 1; id <= UINT64_C(5) * WF_ENDED_SLOTS; id++) {
        snprintf(name, sizeof(name), "%llu", (unsigned long long)id);
        uint64_t by_name = wf_ended_find(ended, 1, wf_str(name));
        struct wf_str row = wf_ended_row(ended, id);
        assert_true(by_name == 0 || by_name == id);
        assert_true(by_name == 0 || row.data);
        assert_true(!row.data || wf_str_eq(row, wf_str(name)));
        found += row.data != NULL;
    }
    assert_in_range(found, WF_ENDED_SLOTS / 2, WF_ENDED_SLOTS);
    free_ended(ended);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_rows),
        cmocka_unit_test(keeps_no_large_rows),
        cmocka_unit_test(many_take_places_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
