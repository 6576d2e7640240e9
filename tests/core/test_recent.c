/* test_recent.c - pieces of histories that are kept for a while. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "recent.h"

/* A tail with events from `first` to before `next`; its bytes are a mark. */
static void keep(struct wf_recent *recent, uint64_t execution, uint64_t first,
                 uint64_t next, char mark, size_t size) {
    struct wf_tail tail = {.first_event = first, .next_event = next};
    wf_buf_reserve(&tail.bytes, size);
    memset(tail.bytes.data, mark, size);
    tail.bytes.len = size;
    wf_recent_keep(recent, execution, &tail);
    wf_buf_free(&tail.bytes);
}

static void expect(const struct wf_recent *recent, uint64_t execution,
                   uint64_t event, char mark) {
    const struct wf_tail *tail = wf_recent_find(recent, execution, event);
    assert_non_null(tail);
    assert_int_equal(tail->bytes.data[0], mark);
    assert_int_equal(tail->bytes.data[tail->bytes.len - 1], mark);
}

static void pieces_are_found_by_their_events(void **state) {
    struct wf_recent *recent = wf_recent_new();
    (void)state;
    assert_null(wf_recent_find(recent, 0, 0)); /* nothing is kept yet */
    keep(recent, 7, 10, 20, 'a', 100);
    keep(recent, 7, 20, 25, 'b', 50);
    keep(recent, 8, 10, 20, 'c', 3000);
    assert_null(wf_recent_find(recent, 7, 9));
    expect(recent, 7, 10, 'a');
    expect(recent, 7, 19, 'a');
    expect(recent, 7, 20, 'b');
    assert_null(wf_recent_find(recent, 7, 25));
    expect(recent, 8, 19, 'c');
    assert_null(wf_recent_find(recent, 8, 20));
    assert_null(wf_recent_find(recent, 9, 15));
    wf_recent_free(recent);
}

static void the_oldest_goes_first(void **state) {
    struct wf_recent *recent = wf_recent_new();
    (void)state;
    for (uint64_t i = 0; i < 100; i++) {
        keep(recent, 7, i * 10, i * 10 + 10, (char)('a' + i % 26), 10 + i);
        expect(recent, 7, i * 10 + 5, (char)('a' + i % 26));
        if (i >= 32)
            assert_null(wf_recent_find(recent, 7, (i - 32) * 10));
    }
    expect(recent, 7, 920, (char)('a' + 92 % 26));
    wf_recent_free(recent);
}

static void a_large_piece_is_not_kept(void **state) {
    struct wf_recent *recent = wf_recent_new();
    (void)state;
    keep(recent, 7, 1, 10, 'a', 65 << 10);
    assert_null(wf_recent_find(recent, 7, 5));
    keep(recent, 7, 1, 10, 'a', 64 << 10);
    expect(recent, 7, 5, 'a');
    wf_recent_free(recent);
    wf_recent_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_found_by_their_events),
        cmocka_unit_test(the_oldest_goes_first),
        cmocka_unit_test(a_large_piece_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
