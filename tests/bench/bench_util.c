/* bench_util.c - see bench_util.h. */
#include "bench_util.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base.h"
#include "clock.h"

void bench_samples_add(struct bench_samples *samples, uint64_t ns) {
    if (samples->count == samples->cap) {
        samples->cap = samples->cap ? samples->cap * 2 : 1024;
        samples->ns =
            wf_realloc(samples->ns, samples->cap * sizeof(*samples->ns));
    }
    samples->ns[samples->count++] = ns;
}

void bench_samples_free(struct bench_samples *samples) {
    free(samples->ns);
    *samples = (struct bench_samples){0};
}

static int ns_cmp(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

uint64_t bench_percentile(struct bench_samples *samples, double percent) {
    if (samples->count == 0)
        return 0;
    qsort(samples->ns, samples->count, sizeof(*samples->ns), ns_cmp);
    size_t at = (size_t)((double)samples->count * percent / 100);
    return samples->ns[at < samples->count ? at : samples->count - 1];
}

bool bench_device_written(const char *path, uint64_t *bytes) {
    unsigned long long sectors;
    char name[64];
    struct stat st;

    if (stat(path, &st) != 0)
        return false;
    snprintf(name, sizeof(name), "/sys/dev/block/%u:%u/stat",
             major(st.st_dev), minor(st.st_dev));
    FILE *file = fopen(name, "r");
    if (!file)
        return false;
    /* The seventh figure: sectors written, of 512 bytes. */
    bool found = fscanf(file, "%*u %*u %*u %*u %*u %*u %llu", &sectors) == 1;
    fclose(file);
    *bytes = found ? sectors * 512 : 0;
    return found;
}

bool bench_fdatasync(const char *directory, unsigned count,
                     struct bench_samples *samples) {
    static char page[4096];
    char path[4096];
    bool good = true;

    snprintf(path, sizeof(path), "%s/flush", directory);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    for (unsigned i = 0; i < count + 1 && good; i++) {
        uint64_t start = wf_clock_mono_ns();
        page[0]++;
        good = pwrite(fd, page, sizeof(page), 0) == sizeof(page) &&
               fdatasync(fd) == 0;
        if (i > 0) /* the first one makes the file */
            bench_samples_add(samples, wf_clock_mono_ns() - start);
    }
    close(fd);
    unlink(path);
    return good;
}

char *bench_directory_new(const char *parent) {
    struct wf_buf path = {0};
    const char *tmp = getenv("TMPDIR");

    wf_buf_addf(&path, "%s/bench-XXXXXX", parent ? parent : tmp ? tmp : "/tmp");
    wf_buf_u8(&path, '\0');
    if (mkdtemp(path.data))
        return path.data;
    wf_buf_free(&path);
    return NULL;
}

void bench_directory_free(char *path) {
    DIR *directory = path ? opendir(path) : NULL;
    struct dirent *entry;

    while (directory && (entry = readdir(directory)))
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(directory), entry->d_name, 0);
    if (directory) {
        closedir(directory);
        rmdir(path);
    }
    free(path);
}
