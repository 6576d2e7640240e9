/*
 * powerloss_check.c - what is found after the power fails at any moment of a
 * recorded run (powerloss.h), and whether every promise still holds.
 *
 *   powerloss_check [OPTION]... LOG IMAGE -- COMMAND...
 *
 * For each of many cuts it writes the files into the directory IMAGE and the
 * marks made before the cut into IMAGE.marks, one on a line, and runs
 * `COMMAND... IMAGE IMAGE.marks`, which exits with 0 if all marks hold.
 *
 *   --images N      how many (200)
 *   --seed N        which ones (1)
 *   --only CUT:PATTERN:SEED   this image alone, as printed for a failure
 *   --compare DIR   first compare the whole log with the real files
 *   --ignore NAME   a file that --compare leaves out; may be repeated
 *   --expect-loss   succeed if, and only if, a loss is found: shows that the
 *                   check can fail
 *
 * Exit status: 0 as hoped, 1 not, 2 the check itself could not run.
 */
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "powerloss_disk.h"

#define MAX_IGNORED 15
#define MAX_ARGUMENTS 30
#define EARLY_OPS 20

struct log {
    struct powerloss_op *ops;
    size_t count;
};

struct cut {
    size_t at; /* operations before this one are complete */
    enum powerloss_pattern pattern;
    uint64_t seed;
};

struct check {
    struct log log;
    const char *image;
    char marks[PATH_MAX];
    char **command;
    int command_count;
    unsigned images;
    uint64_t seed;
    bool only;
    struct cut only_cut;
    const char *compare;
    const char *ignored[MAX_IGNORED + 1];
    int ignored_count;
    bool expect_loss;
};

static void die(const char *what, const char *name) {
    fprintf(stderr, "powerloss_check: %s %s\n", what, name);
    exit(2);
}

static uint64_t mix(uint64_t z) {
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static struct log log_read(const char *path) {
    struct log log = {NULL, 0};
    struct stat info;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &info) != 0 || info.st_size == 0)
        die("no log at", path);
    size_t size = (size_t)info.st_size, cap = 0;
    char *at = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED)
        die("cannot map", path);
    for (char *end = at + size; at < end; log.count++) {
        if (log.count == cap) {
            cap = cap ? cap * 2 : 1024;
            log.ops = realloc(log.ops, cap * sizeof *log.ops);
        }
        struct powerloss_op *op = &log.ops[log.count];
        memcpy(&op->head, at, sizeof op->head);
        op->path = at + sizeof op->head;
        op->data = op->path + op->head.path_len;
        at = (char *)op->data + op->head.data_len;
    }
    close(fd); /* the mapping stays */
    return log;
}

/* A cut there separates what was promised from what was not yet safe. */
static bool is_border(const struct powerloss_op *op) {
    return op->head.kind == POWERLOSS_SYNC_BEGIN ||
           op->head.kind == POWERLOSS_SYNC_END ||
           op->head.kind == POWERLOSS_MARK || op->head.synced;
}

static int cut_compare(const void *a, const void *b) {
    const struct cut *left = a, *right = b;
    return (left->at > right->at) - (left->at < right->at);
}

/* Half of the cuts right behind a border, some in the first moments of a new
 * directory, the others anywhere. */
static size_t cut_place(const struct check *check, unsigned number,
                        uint64_t random) {
    size_t range = check->log.count + 1;
    if (number % 8 == 0 && range > EARLY_OPS)
        range = EARLY_OPS;
    size_t at = random % range;
    while (number % 2 && at > 0 && !is_border(&check->log.ops[at - 1]))
        at--;
    return at;
}

static struct cut *cuts_choose(const struct check *check) {
    struct cut *cuts = calloc(check->images, sizeof *cuts);
    uint64_t random = mix(check->seed);
    for (unsigned i = 0; i < check->images; i++) {
        cuts[i].at = cut_place(check, i, random = mix(random));
        cuts[i].seed = random = mix(random);
        cuts[i].pattern = i % 8 ? random % POWERLOSS_PATTERNS
                                : POWERLOSS_TEAR;
    }
    qsort(cuts, check->images, sizeof *cuts, cut_compare);
    return cuts;
}

static void marks_append(FILE *marks, const struct powerloss_op *op) {
    if (op->head.kind != POWERLOSS_MARK)
        return;
    fprintf(marks, "%.*s\n", (int)op->head.data_len, op->data);
    if (fflush(marks) != 0)
        die("cannot write", "the marks");
}

/* Runs the command on the image; true if it says that all marks hold. */
static bool image_holds(struct check *check) {
    char *arguments[MAX_ARGUMENTS + 3];
    int status = 0;
    pid_t pid;

    memcpy(arguments, check->command,
           (size_t)check->command_count * sizeof *arguments);
    arguments[check->command_count] = (char *)check->image;
    arguments[check->command_count + 1] = check->marks;
    arguments[check->command_count + 2] = NULL;
    if (posix_spawnp(&pid, arguments[0], NULL, NULL, arguments, environ) != 0)
        die("cannot run", arguments[0]);
    while (waitpid(pid, &status, 0) != pid)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
        die("could not check:", arguments[0]);
    if (WIFSIGNALED(status))
        fprintf(stderr, "%s: signal %d\n", arguments[0], WTERMSIG(status));
    return status == 0;
}

static bool cut_holds(struct check *check, struct powerloss_disk *disk,
                      const struct cut *cut) {
    const struct powerloss_op *in_flight =
        cut->at < check->log.count ? &check->log.ops[cut->at] : NULL;
    powerloss_disk_image(disk, check->image, in_flight, cut->pattern,
                         cut->seed);
    if (image_holds(check))
        return true;
    if (!check->expect_loss)
        printf("lost: power fails after operation %zu of %zu, unsynced: %s; "
               "again: --only %zu:%d:%llu\n",
               cut->at, check->log.count,
               powerloss_pattern_names[cut->pattern], cut->at, cut->pattern,
               (unsigned long long)cut->seed);
    return false;
}

/* Replays the log once, stopping at each cut; returns how many lost. */
static unsigned run_cuts(struct check *check, const struct cut *cuts,
                         size_t count) {
    struct powerloss_disk *disk = powerloss_disk_new();
    FILE *marks = fopen(check->marks, "w");
    unsigned lost = 0;
    size_t at = 0;

    if (!marks)
        die("cannot write", check->marks);
    for (size_t i = 0; i < count; i++) {
        for (; at < cuts[i].at; at++) {
            marks_append(marks, &check->log.ops[at]);
            powerloss_disk_apply(disk, &check->log.ops[at]);
        }
        lost += !cut_holds(check, disk, &cuts[i]);
        if (lost && check->expect_loss)
            break;
    }
    fclose(marks);
    powerloss_disk_free(disk);
    return lost;
}

static void compare_whole(struct check *check) {
    struct powerloss_disk *disk = powerloss_disk_new();
    for (size_t i = 0; i < check->log.count; i++)
        powerloss_disk_apply(disk, &check->log.ops[i]);
    if (powerloss_disk_compare(disk, check->compare, check->ignored) != 0)
        die("the log is not what really happened to", check->compare);
    powerloss_disk_free(disk);
}

static struct cut cut_parse(const char *text) {
    unsigned long long seed;
    struct cut cut;
    unsigned pattern;
    if (sscanf(text, "%zu:%u:%llu", &cut.at, &pattern, &seed) != 3 ||
        pattern >= POWERLOSS_PATTERNS)
        die("not an image:", text);
    cut.pattern = (enum powerloss_pattern)pattern;
    cut.seed = seed;
    return cut;
}

static void option(struct check *check, int letter) {
    switch (letter) {
    case 'n':
        check->images = (unsigned)strtoul(optarg, NULL, 10);
        break;
    case 's':
        check->seed = strtoull(optarg, NULL, 10);
        break;
    case 'o':
        check->only = true;
        check->only_cut = cut_parse(optarg);
        break;
    case 'r':
        check->compare = optarg;
        break;
    case 'i':
        if (check->ignored_count == MAX_IGNORED)
            die("too many", "--ignore");
        check->ignored[check->ignored_count++] = optarg;
        break;
    case 'e':
        check->expect_loss = true;
        break;
    default:
        exit(2);
    }
}

static void options(struct check *check, int argc, char **argv) {
    static const struct option table[] = {
        {"images", required_argument, NULL, 'n'},
        {"seed", required_argument, NULL, 's'},
        {"only", required_argument, NULL, 'o'},
        {"compare", required_argument, NULL, 'r'},
        {"ignore", required_argument, NULL, 'i'},
        {"expect-loss", no_argument, NULL, 'e'},
        {NULL, 0, NULL, 0},
    };
    int letter;
    while ((letter = getopt_long(argc, argv, "+", table, NULL)) != -1)
        option(check, letter);
    if (argc - optind < 3 || argc - optind > MAX_ARGUMENTS)
        die("usage:", "powerloss_check [OPTION]... LOG IMAGE [--] COMMAND...");
    check->log = log_read(argv[optind]);
    check->image = argv[optind + 1];
    snprintf(check->marks, sizeof check->marks, "%s.marks", check->image);
    int command = optind + 2;
    if (strcmp(argv[command], "--") == 0)
        command++;
    check->command = argv + command;
    check->command_count = argc - command;
}

int main(int argc, char **argv) {
    struct check check = {.images = 200, .seed = 1};
    unsigned lost;

    options(&check, argc, argv);
    if (check.compare)
        compare_whole(&check);
    if (check.only)
        check.images = 1;
    struct cut *cuts = check.only ? NULL : cuts_choose(&check);
    lost = run_cuts(&check, cuts ? cuts : &check.only_cut, check.images);
    free(cuts);
    free(check.log.ops);
    if (check.expect_loss) {
        printf("%s\n", lost ? "a loss was found, as it must be"
                            : "no loss was found where there must be one");
        return lost ? 0 : 1;
    }
    printf("%u images, %u lost\n", check.images, lost);
    return lost ? 1 : 0;
}
