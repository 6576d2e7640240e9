/*
 * test_execution_log.c - lines on their way to files: a full disk, a reader
 * who does not read, and files that are moved away harm nobody; and what a log
 * group is called cannot.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "execution_log.h"
#include "file.h"

struct rig {
    struct ev_loop *loop;
    struct wf_execution_log *log;
    char directory[64], path[80];
    struct wf_buf notices;
};

static void on_notice(void *arg, const char *text) {
    struct rig *rig = arg;
    wf_buf_addf(&rig->notices, "%s\n", text);
}

static int set_up(void **state) {
    struct rig *rig = wf_calloc(1, sizeof(*rig));
    strcpy(rig->directory, "/tmp/moonstep-log-XXXXXX");
    assert_non_null(mkdtemp(rig->directory));
    snprintf(rig->path, sizeof(rig->path), "%s/log", rig->directory);
    rig->loop = ev_loop_new(EVFLAG_AUTO);
    *state = rig;
    return 0;
}

static void close_log(struct rig *rig) {
    wf_execution_log_close(rig->log);
    rig->log = NULL;
}

static int tear_down(void **state) {
    struct rig *rig = *state;
    close_log(rig);
    ev_loop_destroy(rig->loop);
    assert_int_equal(wf_file_remove_tree(rig->directory, NULL, NULL), 0);
    wf_buf_free(&rig->notices);
    free(rig);
    return 0;
}

static void open_log(struct rig *rig, size_t room) {
    struct wf_error err = {0};
    const struct wf_execution_log_options options = {
        .loop = rig->loop, .destination = rig->path, .room = room,
        .notice = on_notice, .arg = rig};
    if (wf_execution_log_open(&options, &rig->log, &err) != 0)
        fail_msg("%s", err.message);
}

static void add(struct rig *rig, unsigned number) {
    struct wf_buf *line = wf_execution_log_line(rig->log, WF_STR("/own"));
    if (line)
        wf_buf_addf(line, "line %u\n", number);
}

static void until_written(struct rig *rig, uint64_t lines) {
    while (wf_execution_log_stats(rig->log).lines < lines)
        ev_run(rig->loop, EVRUN_ONCE);
}

static bool was_noticed(struct rig *rig, const char *words) {
    return rig->notices.len > 0 &&
           memmem(rig->notices.data, rig->notices.len, words, strlen(words));
}

static void until_noticed(struct rig *rig, const char *words) {
    while (!was_noticed(rig, words))
        ev_run(rig->loop, EVRUN_ONCE);
}

/* It holds "line from" to "line to - 1", one after the other. */
static void assert_file(const char *path, unsigned from, unsigned to) {
    struct wf_buf text = {0}, wanted = {0};
    for (unsigned i = from; i < to; i++)
        wf_buf_addf(&wanted, "line %u\n", i);
    assert_int_equal(wf_file_read(path, 1 << 24, &text, NULL), 0);
    assert_int_equal(text.len, wanted.len);
    if (wanted.len > 0)
        assert_memory_equal(text.data, wanted.data, wanted.len);
    wf_buf_free(&text);
    wf_buf_free(&wanted);
}

static void writes_lines_in_order(void **state) {
    struct rig *rig = *state;
    struct stat info;
    open_log(rig, 0);
    for (unsigned i = 0; i < 5000; i++)
        add(rig, i);
    until_written(rig, 5000);
    assert_file(rig->path, 0, 5000);
    assert_int_equal(stat(rig->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    add(rig, 5000);
    close_log(rig); /* writes it */
    open_log(rig, 0);
    add(rig, 5001);
    close_log(rig);
    assert_file(rig->path, 0, 5002);
    assert_int_equal(rig->notices.len, 0);
}

static void opens_the_file_again(void **state) {
    struct rig *rig = *state;
    char moved[96];
    open_log(rig, 0);
    snprintf(moved, sizeof(moved), "%s.1", rig->path);
    for (unsigned i = 0; i < 10; i++)
        add(rig, i);
    until_written(rig, 10);
    assert_int_equal(rename(rig->path, moved), 0);
    for (unsigned i = 10; i < 20; i++)
        add(rig, i);
    until_written(rig, 20);
    wf_execution_log_reopen(rig->log);
    for (unsigned i = 20; i < 30; i++)
        add(rig, i);
    until_written(rig, 30);
    assert_file(moved, 0, 20);
    assert_file(rig->path, 20, 30);
    assert_int_equal(unlink(rig->path), 0);
    assert_int_equal(mkdir(rig->path, 0700), 0);
    wf_execution_log_reopen(rig->log);
    until_noticed(rig, "it stays as it was");
    add(rig, 30);
    until_written(rig, 31);
    assert_int_equal(wf_execution_log_stats(rig->log).lost, 0);
}

static void limit_files(rlim_t bytes) {
    struct rlimit limit = {bytes, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* As a full disk: what stops within a line goes on there. */
static void goes_on_when_there_is_room_again(void **state) {
    struct rig *rig = *state;
    open_log(rig, 0);
    limit_files(20);
    for (unsigned i = 0; i < 10; i++)
        add(rig, i);
    until_noticed(rig, "can't be written");
    add(rig, 10);
    limit_files(RLIM_INFINITY);
    until_written(rig, 11);
    assert_true(was_noticed(rig, "can be written again"));
    assert_file(rig->path, 0, 11);
    assert_int_equal(wf_execution_log_stats(rig->log).lost, 0);
}

static void a_new_file_begins_with_a_whole_line(void **state) {
    struct rig *rig = *state;
    open_log(rig, 0);
    limit_files(17); /* in the third line */
    for (unsigned i = 0; i < 5; i++)
        add(rig, i);
    until_noticed(rig, "can't be written");
    assert_int_equal(unlink(rig->path), 0);
    limit_files(RLIM_INFINITY);
    wf_execution_log_reopen(rig->log);
    until_written(rig, 5);
    assert_file(rig->path, 2, 5);
}

/* A pipe that nobody reads: no call waits, what has no room is lost. */
static void loses_lines_when_nobody_reads(void **state) {
    struct rig *rig = *state;
    enum { LINES = 40000, ROOM = 65536 };
    assert_int_equal(mkfifo(rig->path, 0600), 0);
    int reader = open(rig->path, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    open_log(rig, ROOM);
    for (unsigned i = 0; i < LINES; i++) {
        add(rig, i);
        ev_run(rig->loop, EVRUN_NOWAIT);
    }
    struct wf_execution_log_stats stats = wf_execution_log_stats(rig->log);
    assert_true(stats.lost > 0);
    assert_true(was_noticed(rig, "lines are being lost"));
    while (stats.lines + stats.lost < LINES) {
        char text[65536];
        ssize_t got = read(reader, text, sizeof(text));
        (void)got;
        ev_run(rig->loop, EVRUN_NOWAIT);
        stats = wf_execution_log_stats(rig->log);
    }
    assert_int_equal(stats.lines + stats.lost, LINES);
    until_noticed(rig, "lines were lost");
    for (unsigned i = 0; i < 20000; i++)
        add(rig, i); /* more than a pipe takes */
    close_log(rig);  /* gives up in time */
    close(reader);
}

/* ---- a file for each log group ---- */

static void add_to(struct rig *rig, const char *group, unsigned from,
                   unsigned to) {
    for (; from < to; from++)
        wf_buf_addf(wf_execution_log_line(rig->log, wf_str(group)),
                    "line %u\n", from);
}

static void assert_group(struct rig *rig, const char *file, unsigned from,
                         unsigned to) {
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", rig->path, file);
    assert_file(path, from, to);
}

static unsigned files_in(const char *path) {
    DIR *directory = opendir(path);
    unsigned count = 0;
    assert_non_null(directory);
    for (const struct dirent *at; (at = readdir(directory)) != NULL;)
        count += at->d_type == DT_REG;
    closedir(directory);
    return count;
}

static void has_a_file_for_each_group(void **state) {
    struct rig *rig = *state;
    char name[300];
    struct stat info;
    strcat(rig->path, "/");
    open_log(rig, 0);
    add_to(rig, "/aws/states/A_b", 0, 100);
    add_to(rig, "../../../etc/passwd", 0, 10);
    add_to(rig, "", 5, 6);
    add_to(rig, "%", 6, 7);
    add_to(rig, "a\nb c", 7, 8);
    memset(name, 'x', sizeof(name));
    for (unsigned i = 0; i < 2; i++) { /* they begin with the same */
        snprintf(name + 280, 20, "%u", i);
        add_to(rig, name, 20 + i, 21 + i);
    }
    until_written(rig, 115);
    assert_group(rig, "+aws+states+A_b.jsonl", 0, 100);
    assert_group(rig, "%2E.+..+..+etc+passwd.jsonl", 0, 10);
    assert_group(rig, "%.jsonl", 5, 6);
    assert_group(rig, "%25.jsonl", 6, 7);
    assert_group(rig, "a%0Ab%20c.jsonl", 7, 8);
    add_to(rig, "/aws/states/A_b", 100, 101);
    close_log(rig); /* writes it */
    assert_group(rig, "+aws+states+A_b.jsonl", 0, 101);
    snprintf(name, sizeof(name), "%s%%2E.+..+..+etc+passwd.jsonl", rig->path);
    assert_int_equal(stat(name, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(files_in(rig->path), 7);
    assert_int_equal(rig->notices.len, 0);
}

static void follows_files_that_are_moved(void **state) {
    struct rig *rig = *state;
    char path[128], moved[128];
    assert_int_equal(mkdir(rig->path, 0700), 0); /* it is one: no slash */
    open_log(rig, 0);
    snprintf(path, sizeof(path), "%s/g.jsonl", rig->path);
    snprintf(moved, sizeof(moved), "%s/g.1", rig->path);
    add_to(rig, "g", 0, 10);
    until_written(rig, 10);
    assert_int_equal(rename(path, moved), 0);
    add_to(rig, "g", 10, 20);
    until_written(rig, 20);
    wf_execution_log_reopen(rig->log);
    assert_file(moved, 0, 10);
    assert_file(path, 10, 20);
    /* As a full disk, and a new file begins with a whole line. */
    limit_files(7 * 10 + 3);
    add_to(rig, "g", 20, 30);
    add_to(rig, "h", 0, 1);
    until_noticed(rig, "g.jsonl can't be written");
    assert_group(rig, "h.jsonl", 0, 1);
    assert_int_equal(unlink(path), 0);
    limit_files(RLIM_INFINITY);
    until_written(rig, 31);
    assert_true(was_noticed(rig, "can be written again"));
    assert_file(path, 20, 30);
    /* No link leads out. */
    assert_int_equal(symlink("/dev/null", path), -1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(moved, path), 0);
    add_to(rig, "g", 30, 31);
    rig->notices.len = 0;
    until_noticed(rig, "g.jsonl can't be written");
    close_log(rig);
    assert_true(was_noticed(rig, "1 lines were lost"));
    assert_file(moved, 0, 10);
}

static void has_room_for_so_much(void **state) {
    struct rig *rig = *state;
    strcat(rig->path, "/");
    open_log(rig, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        char group[16];
        snprintf(group, sizeof(group), "g%u", i % 7);
        struct wf_buf *line = wf_execution_log_line(rig->log, wf_str(group));
        if (line)
            wf_buf_adds(line, "0123456789\n");
    }
    assert_int_equal(wf_execution_log_stats(rig->log).lost, 1000 - 91);
    until_written(rig, 91);
    add_to(rig, "g1", 0, 1);
    until_written(rig, 92);
}

static void refuses_what_it_cannot_open(void **state) {
    struct rig *rig = *state;
    struct wf_error err = {0};
    const struct wf_execution_log_options options = {
        .loop = rig->loop, .destination = rig->path, .notice = on_notice,
        .arg = rig};
    strcat(rig->path, "/none");
    assert_int_equal(wf_execution_log_open(&options, &rig->log, &err), -1);
    assert_non_null(strstr(err.message, "No such file"));
    assert_null(rig->log);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(writes_lines_in_order),
        TEST(opens_the_file_again),
        TEST(goes_on_when_there_is_room_again),
        TEST(a_new_file_begins_with_a_whole_line),
        TEST(loses_lines_when_nobody_reads),
        TEST(has_a_file_for_each_group),
        TEST(follows_files_that_are_moved),
        TEST(has_room_for_so_much),
        TEST(refuses_what_it_cannot_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
