/* Tests of the parts of the standard library that know no Lua: offload, clip
 * and file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clip.h"
#include "file.h"
#include "offload.h"

/* ---- clip ---- */

static void expect_clip(size_t limit, size_t piece, const char *input,
                        const char *expected) {
    struct wf_clip clip;
    struct wf_buf out = {0};
    size_t len = strlen(input);

    wf_clip_init(&clip, limit);
    for (size_t at = 0; at < len; at += piece) {
        size_t left = len - at;
        wf_clip_add(&clip, (struct wf_str){input + at,
                                           left < piece ? left : piece});
    }
    wf_clip_text(&clip, &out);
    wf_buf_u8(&out, '\0');
    assert_string_equal(out.data, expected);
    assert_int_equal(wf_clip_is_cut(&clip), len > limit);
    wf_buf_free(&out);
    wf_clip_free(&clip);
}

static void clip_keeps_head_and_tail(void **state) {
    (void)state;
    for (size_t piece = 1; piece <= 27; piece++) {
        expect_clip(8, piece, "", "");
        expect_clip(8, piece, "abc", "abc");
        expect_clip(8, piece, "abcdefgh", "abcdefgh");
        expect_clip(8, piece, "abcdefghi",
                    "abcd\n[... 1 bytes left out ...]\nfghi");
        expect_clip(8, piece, "abcdefghijklmnopqrstuvwxyz",
                    "abcd\n[... 18 bytes left out ...]\nwxyz");
        expect_clip(5, piece, "abcdefghij",
                    "ab\n[... 5 bytes left out ...]\nhij");
        expect_clip(0, piece, "abc", "\n[... 3 bytes left out ...]\n");
    }
}

/* ---- offload ---- */

struct counted {
    struct wf_job job;
    int fd; /* work ends when this can be read */
    bool worked;
    int *done;
};

static void counted_work(struct wf_job *job) {
    struct counted *counted = (struct counted *)job;
    char byte;
    if (counted->fd >= 0 && read(counted->fd, &byte, 1) < 0)
        abort();
    counted->worked = true;
}

static void counted_done(struct wf_job *job) {
    ++*((struct counted *)job)->done;
}

static struct counted counted(int fd, bool is_long, int *done) {
    return (struct counted){.job = {.work = counted_work,
                                    .done = counted_done,
                                    .is_long = is_long},
                            .fd = fd,
                            .done = done};
}

static void offload_leaves_a_thread_to_short_jobs(void **state) {
    struct ev_loop *loop = ev_loop_new(0);
    struct wf_offload *offload = wf_offload_new(loop, 3);
    struct counted stuck[4], quick;
    int ends[2], done = 0, quick_done = 0;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < 4; i++) {
        stuck[i] = counted(ends[0], true, &done);
        wf_offload_submit(offload, &stuck[i].job);
    }
    quick = counted(-1, false, &quick_done);
    wf_offload_submit(offload, &quick.job);
    while (!quick_done)
        ev_run(loop, EVRUN_ONCE);
    assert_int_equal(done, 0);
    assert_int_equal(write(ends[1], "1234", 4), 4);
    ev_run(loop, 0); /* ends when no job is outstanding */
    assert_int_equal(done, 4);
    wf_offload_free(offload);
    ev_loop_destroy(loop);
    close(ends[0]);
    close(ends[1]);
}

static void offload_free_reports_every_job_once(void **state) {
    struct ev_loop *loop = ev_loop_new(0);
    struct wf_offload *offload = wf_offload_new(loop, 2);
    struct counted jobs[50];
    int done = 0;

    (void)state;
    for (int i = 0; i < 50; i++) {
        jobs[i] = counted(-1, i % 2 == 0, &done);
        wf_offload_submit(offload, &jobs[i].job);
        if (i % 5 == 0)
            wf_job_cancel(&jobs[i].job);
    }
    wf_offload_free(offload);
    assert_int_equal(done, 50);
    ev_loop_destroy(loop);
}

/* ---- file ---- */

static int enter_directory(void **state) {
    struct wf_buf path = {0};
    if (wf_file_temp_dir(NULL, "test-file-", &path, NULL) != 0)
        return -1;
    *state = path.data;
    return chdir(path.data);
}

static int leave_directory(void **state) {
    int rc = chdir("/");
    if (wf_file_remove_tree(*state, NULL, NULL) != 0)
        rc = -1;
    free(*state);
    return rc;
}

static const struct wf_file_mode plain = {.mode = -1, .sync = true};

static void expect_content(const char *path, const char *expected) {
    struct wf_buf text = {0};
    struct wf_error err = {0};
    assert_int_equal(wf_file_read(path, 1 << 20, &text, &err), 0);
    wf_buf_u8(&text, '\0');
    assert_string_equal(text.data, expected);
    wf_buf_free(&text);
}

static size_t entries_of(const char *path) {
    struct wf_file_list list;
    assert_int_equal(wf_file_list(path, &list, NULL), 0);
    size_t count = list.count;
    wf_file_list_free(&list);
    return count;
}

static void write_replaces_and_keeps_mode_and_link(void **state) {
    struct wf_file_info info;

    (void)state;
    assert_int_equal(wf_file_write("a", WF_STR("one"),
                                   (struct wf_file_mode){0640, true}, NULL),
                     0);
    assert_int_equal(symlink("a", "link"), 0);
    assert_int_equal(wf_file_write("link", WF_STR("two"), plain, NULL), 0);
    expect_content("a", "two");
    assert_int_equal(wf_file_stat("link", false, &info, NULL), 0);
    assert_string_equal(info.type, "symlink");
    assert_int_equal(wf_file_stat("link", true, &info, NULL), 0);
    assert_int_equal(info.mode, 0640);
    assert_int_equal(entries_of("."), 2); /* no temporary file is left */
}

static void failed_write_leaves_nothing(void **state) {
    struct wf_error err = {0};

    (void)state;
    assert_int_equal(wf_file_write("no/such", WF_STR("x"), plain, &err),
                     ENOENT);
    assert_string_equal(err.message,
                        "create no/such: No such file or directory");
    assert_int_equal(mkdir("dir", 0755), 0);
    assert_int_equal(wf_file_write("dir", WF_STR("x"), plain, &err), EISDIR);
    assert_int_equal(entries_of("."), 1);
}

static void read_respects_its_limit(void **state) {
    struct wf_buf out = {0};
    struct wf_error err = {0};

    (void)state;
    assert_int_equal(wf_file_write("f", WF_STR("12345"), plain, NULL), 0);
    assert_int_equal(wf_file_read("f", 5, &out, &err), 0);
    assert_int_equal(wf_file_read("f", 4, &out, &err), EFBIG);
    assert_string_equal(err.message, "read f: larger than 4 bytes");
    /* a file that claims to be empty */
    assert_int_equal(wf_file_read("/proc/self/stat", 8, &out, &err), EFBIG);
    assert_int_equal(wf_file_read(".", 8, &out, &err), EISDIR);
    wf_buf_free(&out);
}

static void remove_tree_stays_inside(void **state) {
    atomic_bool cancelled = true;

    (void)state;
    assert_int_equal(wf_file_mkdir_p("tree/a/b//c/", 0755, NULL), 0);
    assert_int_equal(wf_file_mkdir_p("keep", 0755, NULL), 0);
    assert_int_equal(wf_file_write("keep/file", WF_STR("k"), plain, NULL), 0);
    assert_int_equal(wf_file_write("tree/a/f", WF_STR("f"), plain, NULL), 0);
    assert_int_equal(symlink("../../keep", "tree/a/out"), 0);
    assert_int_equal(wf_file_remove_tree("tree", &cancelled, NULL),
                     ECANCELED);
    assert_int_equal(entries_of("tree"), 1);
    assert_int_equal(wf_file_remove_tree("tree/", NULL, NULL), 0);
    expect_content("keep/file", "k");
    assert_int_equal(entries_of("."), 1);
    assert_int_equal(wf_file_remove_tree("tree", NULL, NULL), 0);
}

static void remove_tree_says_too_deep(void **state) {
    struct wf_error err = {0};
    int dirs[300];

    (void)state;
    dirs[0] = open(".", O_RDONLY | O_DIRECTORY);
    for (int i = 1; i < 300; i++) {
        assert_int_equal(mkdirat(dirs[i - 1], "d", 0755), 0);
        dirs[i] = openat(dirs[i - 1], "d", O_RDONLY | O_DIRECTORY);
    }
    assert_int_equal(wf_file_remove_tree("d", NULL, &err), ELOOP);
    for (int i = 298; i >= 0; i--) {
        assert_int_equal(unlinkat(dirs[i], "d", AT_REMOVEDIR), 0);
        close(dirs[i + 1]);
    }
    close(dirs[0]);
}

static void copy_keeps_mode_and_time(void **state) {
    struct wf_file_info a, b;
    atomic_bool cancelled = true;
    struct timespec times[2] = {{1000, 0}, {2000, 5000000}};

    (void)state;
    assert_int_equal(wf_file_write("a", WF_STR("content"),
                                   (struct wf_file_mode){0711, false}, NULL),
                     0);
    assert_int_equal(utimensat(AT_FDCWD, "a", times, 0), 0);
    assert_int_equal(wf_file_copy("a", "b", true, NULL, NULL), 0);
    expect_content("b", "content");
    wf_file_stat("a", true, &a, NULL);
    wf_file_stat("b", true, &b, NULL);
    assert_int_equal(b.mode, 0711);
    assert_int_equal(b.mtime_ms, 2000005);
    assert_int_not_equal(a.inode, b.inode);
    assert_int_equal(wf_file_copy("a", "c", true, &cancelled, NULL),
                     ECANCELED);
    assert_int_equal(wf_file_copy(".", "c", true, NULL, NULL), EISDIR);
    assert_int_equal(wf_file_copy("/proc/self/status", "c", true, NULL, NULL),
                     0);
    wf_file_stat("c", true, &b, NULL);
    assert_true(b.size > 100);
    assert_int_equal(entries_of("."), 3);
}

static void hash_agrees_with_known_digests(void **state) {
    char hex[129];

    (void)state;
    assert_int_equal(wf_file_write("a", WF_STR("abc"), plain, NULL), 0);
    assert_int_equal(wf_file_hash("a", "sha256", hex, NULL, NULL), 0);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9c"
                             "b410ff61f20015ad");
    assert_int_equal(wf_file_hash("a", "md5", hex, NULL, NULL), 0);
    assert_string_equal(hex, "900150983cd24fb0d6963f7d28e17f72");
    assert_int_equal(wf_file_hash("a", "sha1", hex, NULL, NULL), 0);
    assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_int_equal(wf_file_hash("b", "sha1", hex, NULL, NULL), ENOENT);
}

#define IN_DIRECTORY(test) \
    cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clip_keeps_head_and_tail),
        cmocka_unit_test(offload_leaves_a_thread_to_short_jobs),
        cmocka_unit_test(offload_free_reports_every_job_once),
        IN_DIRECTORY(write_replaces_and_keeps_mode_and_link),
        IN_DIRECTORY(failed_write_leaves_nothing),
        IN_DIRECTORY(read_respects_its_limit),
        IN_DIRECTORY(remove_tree_stays_inside),
        IN_DIRECTORY(remove_tree_says_too_deep),
        IN_DIRECTORY(copy_keeps_mode_and_time),
        IN_DIRECTORY(hash_agrees_with_known_digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
