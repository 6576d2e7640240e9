/* powerloss_disk.c - see powerloss_disk.h. */
#include "powerloss_disk.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512u

const char *const powerloss_pattern_names[POWERLOSS_PATTERNS] = {
    "keep all", "lose all", "lose some", "tear", "lose one", "keep one",
};

struct content {
    char *data;
    size_t size, cap;
};

/* A change of a file that no fsync has covered. */
struct change {
    const struct powerloss_op *op;
    uint64_t number; /* of the operation */
    bool durable;    /* written with O_DSYNC */
};

struct file {
    struct content base;
    struct change *changes;
    size_t count, cap;
    size_t created; /* number of its directory operation */
};

struct dir_op {
    const struct powerloss_op *op;
    struct file *file; /* of a creation */
    uint64_t number;
};

/* An entry of a directory listing; a NULL file is a removed one. */
struct name {
    char *path;
    struct file *file;
};

struct names {
    struct name *list;
    size_t count;
};

struct sync {
    uint64_t number; /* of the operation that began it */
    struct file *file; /* NULL: a directory */
};

struct powerloss_disk {
    uint64_t ops;
    struct file **files;
    size_t file_count;
    struct dir_op *dir_ops;
    size_t dir_count, dir_durable;
    struct names now;
    struct sync *syncs;
    size_t sync_count;
};

static void die(const char *what, const char *path) {
    fprintf(stderr, "powerloss: %s %s: %s\n", what, path, strerror(errno));
    exit(2);
}

/* Room for one more element of a list that only grows. */
static void *grow(void *list, size_t count, size_t size) {
    if (count & (count - 1)) /* there is, up to the next power of two */
        return list;
    list = realloc(list, (count ? count * 2 : 1) * size);
    if (!list)
        die("no memory for", "the disk model");
    return list;
}

static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* ---- content ---- */

static void content_resize(struct content *content, size_t size) {
    if (size > content->cap) {
        content->cap = size + size / 2;
        content->data = realloc(content->data, content->cap);
        if (!content->data)
            die("no memory for", "a file");
    }
    assert(content->data || size == 0);
    if (size > content->size)
        memset(content->data + content->size, 0, size - content->size);
    content->size = size;
}

static void content_write(struct content *content, uint64_t at,
                          const char *data, size_t len) {
    if (len == 0)
        return;
    if (at + len > content->size)
        content_resize(content, at + len);
    assert(content->data);
    memcpy(content->data + at, data, len);
}

static void content_apply(struct content *content,
                          const struct powerloss_op *op) {
    if (op->head.kind == POWERLOSS_WRITE)
        content_write(content, op->head.at, op->data, op->head.data_len);
    else if (op->head.kind == POWERLOSS_TRUNCATE ||
             op->head.at > content->size)
        content_resize(content, op->head.at);
}

/* Applies a write sector by sector, each with probability 1/2. */
static void content_tear(struct content *content,
                         const struct powerloss_op *op, uint64_t *random) {
    uint64_t at = op->head.at, end = at + op->head.data_len;
    while (at < end) {
        uint64_t next = (at / SECTOR + 1) * SECTOR;
        if (next > end)
            next = end;
        if (next_random(random) & 1)
            content_write(content, at, op->data + (at - op->head.at),
                          next - at);
        at = next;
    }
}

/* ---- names ---- */

static struct name *names_find(struct names *names, const char *path,
                               size_t len) {
    for (size_t i = 0; i < names->count; i++) {
        struct name *name = &names->list[i];
        if (name->file && strlen(name->path) == len &&
            memcmp(name->path, path, len) == 0)
            return name;
    }
    return NULL;
}

static void names_remove(struct names *names, const char *path, size_t len) {
    struct name *name = names_find(names, path, len);
    if (name)
        name->file = NULL;
}

static void names_add(struct names *names, const char *path, size_t len,
                      struct file *file) {
    names_remove(names, path, len);
    names->list = grow(names->list, names->count, sizeof *names->list);
    names->list[names->count++] = (struct name){strndup(path, len), file};
}

static void names_apply(struct names *names, const struct dir_op *dir_op) {
    const struct powerloss_op *op = dir_op->op;
    struct name *old;

    switch (op->head.kind) {
    case POWERLOSS_CREATE:
        names_add(names, op->path, op->head.path_len, dir_op->file);
        break;
    case POWERLOSS_UNLINK:
        names_remove(names, op->path, op->head.path_len);
        break;
    default: /* rename */
        old = names_find(names, op->path, op->head.path_len);
        if (!old)
            break;
        struct file *file = old->file;
        old->file = NULL;
        names_add(names, op->data, op->head.data_len, file);
    }
}

static void names_free(struct names *names) {
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i].path);
    free(names->list);
}

/* ---- replay ---- */

struct powerloss_disk *powerloss_disk_new(void) {
    return calloc(1, sizeof(struct powerloss_disk));
}

void powerloss_disk_free(struct powerloss_disk *disk) {
    for (size_t i = 0; i < disk->file_count; i++) {
        free(disk->files[i]->base.data);
        free(disk->files[i]->changes);
        free(disk->files[i]);
    }
    names_free(&disk->now);
    free(disk->files);
    free(disk->dir_ops);
    free(disk->syncs);
    free(disk);
}

static void apply_dir_op(struct powerloss_disk *disk,
                         const struct powerloss_op *op) {
    struct dir_op dir_op = {op, NULL, disk->ops};
    if (op->head.kind == POWERLOSS_CREATE) {
        dir_op.file = calloc(1, sizeof *dir_op.file);
        dir_op.file->created = disk->dir_count;
        disk->files = grow(disk->files, disk->file_count,
                           sizeof *disk->files);
        disk->files[disk->file_count++] = dir_op.file;
    }
    disk->dir_ops = grow(disk->dir_ops, disk->dir_count,
                         sizeof *disk->dir_ops);
    disk->dir_ops[disk->dir_count++] = dir_op;
    names_apply(&disk->now, &dir_op);
}

static void apply_change(struct powerloss_disk *disk,
                         const struct powerloss_op *op) {
    struct name *name = names_find(&disk->now, op->path, op->head.path_len);
    if (!name) {
        fprintf(stderr, "powerloss: a file was not seen being made: %.*s\n",
                (int)op->head.path_len, op->path);
        exit(2);
    }
    struct file *file = name->file;
    if (file->count == file->cap) {
        file->cap = file->cap ? file->cap * 2 : 16;
        file->changes = realloc(file->changes,
                                file->cap * sizeof *file->changes);
        if (!file->changes)
            die("no memory for", "the disk model");
    }
    file->changes[file->count++] =
        (struct change){op, disk->ops, op->head.synced};
}

static void apply_sync_begin(struct powerloss_disk *disk,
                             const struct powerloss_op *op) {
    struct name *name = names_find(&disk->now, op->path, op->head.path_len);
    while (disk->sync_count <= op->head.at) {
        disk->syncs = grow(disk->syncs, disk->sync_count,
                           sizeof *disk->syncs);
        disk->syncs[disk->sync_count++] = (struct sync){0, NULL};
    }
    disk->syncs[op->head.at] =
        (struct sync){disk->ops, name ? name->file : NULL};
}

/* What was changed before the fsync began joins the base. */
static void file_synced(struct file *file, uint64_t before) {
    size_t kept = 0;
    for (size_t i = 0; i < file->count; i++) {
        if (file->changes[i].number < before)
            content_apply(&file->base, file->changes[i].op);
        else
            file->changes[kept++] = file->changes[i];
    }
    file->count = kept;
}

static void apply_sync_end(struct powerloss_disk *disk,
                           const struct powerloss_op *op) {
    struct sync sync = disk->syncs[op->head.at];
    size_t durable = disk->dir_durable;
    if (sync.file) {
        file_synced(sync.file, sync.number);
        if (durable < sync.file->created + 1)
            durable = sync.file->created + 1;
    } else {
        while (durable < disk->dir_count &&
               disk->dir_ops[durable].number < sync.number)
            durable++;
    }
    disk->dir_durable = durable;
}

void powerloss_disk_apply(struct powerloss_disk *disk,
                          const struct powerloss_op *op) {
    switch (op->head.kind) {
    case POWERLOSS_WRITE:
    case POWERLOSS_TRUNCATE:
    case POWERLOSS_EXTEND:
        apply_change(disk, op);
        break;
    case POWERLOSS_CREATE:
    case POWERLOSS_RENAME:
    case POWERLOSS_UNLINK:
        apply_dir_op(disk, op);
        break;
    case POWERLOSS_SYNC_BEGIN:
        apply_sync_begin(disk, op);
        break;
    case POWERLOSS_SYNC_END:
        apply_sync_end(disk, op);
        break;
    default: /* a mark changes nothing */
        break;
    }
    disk->ops++;
}

/* ---- images ---- */

static void image_change(struct content *content, const struct change *change,
                         bool chosen, enum powerloss_pattern pattern,
                         uint64_t *random) {
    bool keep = true;
    if (!change->durable) {
        switch (pattern) {
        case POWERLOSS_LOSE_ALL:
            keep = false;
            break;
        case POWERLOSS_LOSE_SOME:
            keep = next_random(random) & 1;
            break;
        case POWERLOSS_LOSE_ONE:
            keep = !chosen;
            break;
        case POWERLOSS_KEEP_ONE:
            keep = chosen;
            break;
        case POWERLOSS_TEAR:
            if (change->op->head.kind == POWERLOSS_WRITE) {
                content_tear(content, change->op, random);
                return;
            }
            keep = next_random(random) & 1;
            break;
        default:
            break;
        }
    }
    if (keep)
        content_apply(content, change->op);
}

/* The file as found afterwards; the caller frees the data. */
static struct content image_file(const struct file *file,
                                 const struct powerloss_op *in_flight,
                                 enum powerloss_pattern pattern,
                                 uint64_t *random) {
    struct content content = {NULL, 0, 0};
    size_t count = file->count + (in_flight ? 1 : 0);
    size_t chosen = count ? next_random(random) % count : 0;

    if (file->base.size)
        content_write(&content, 0, file->base.data, file->base.size);
    for (size_t i = 0; i < file->count; i++)
        image_change(&content, &file->changes[i], i == chosen, pattern,
                     random);
    if (in_flight) {
        struct change last = {in_flight, UINT64_MAX, false};
        image_change(&content, &last, chosen == file->count, pattern, random);
    }
    return content;
}

static void make_parents(char *path) {
    for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            die("cannot make", path);
        *at = '/';
    }
}

/* Pages of zeros stay holes: reserved room costs nothing. */
static void write_file(const char *directory, const char *name,
                       const struct content *content) {
    static const char zeros[4096];
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    make_parents(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)content->size) != 0)
        die("cannot write", path);
    for (size_t at = 0; at < content->size; at += sizeof zeros) {
        size_t len = content->size - at;
        if (len > sizeof zeros)
            len = sizeof zeros;
        if (memcmp(content->data + at, zeros, len) != 0 &&
            pwrite(fd, content->data + at, len, (off_t)at) != (ssize_t)len)
            die("cannot write", path);
    }
    close(fd);
}

static void empty_directory(const char *directory) {
    DIR *dir = opendir(directory);
    struct dirent *entry;
    char path[PATH_MAX];

    if (!dir) {
        if (mkdir(directory, 0700) != 0)
            die("cannot make", directory);
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        if (entry->d_type == DT_DIR) {
            empty_directory(path);
            rmdir(path);
        } else if (unlink(path) != 0) {
            die("cannot remove", path);
        }
    }
    closedir(dir);
}

/* How many directory operations are found afterwards. */
static size_t image_names(const struct powerloss_disk *disk,
                          enum powerloss_pattern pattern, uint64_t *random) {
    size_t open = disk->dir_count - disk->dir_durable;
    if (pattern == POWERLOSS_KEEP_ALL)
        return disk->dir_count;
    if (pattern == POWERLOSS_LOSE_ALL)
        return disk->dir_durable;
    return disk->dir_durable + next_random(random) % (open + 1);
}

void powerloss_disk_image(struct powerloss_disk *disk, const char *directory,
                          const struct powerloss_op *in_flight,
                          enum powerloss_pattern pattern, uint64_t seed) {
    uint64_t random = seed;
    struct names names = {NULL, 0};
    struct name *target = NULL;

    if (in_flight && in_flight->head.kind == POWERLOSS_WRITE)
        target = names_find(&disk->now, in_flight->path,
                            in_flight->head.path_len);
    empty_directory(directory);
    size_t count = image_names(disk, pattern, &random);
    for (size_t i = 0; i < count; i++)
        names_apply(&names, &disk->dir_ops[i]);
    for (size_t i = 0; i < names.count; i++) {
        struct file *file = names.list[i].file;
        if (!file)
            continue;
        bool busy = target && target->file == file;
        struct content content =
            image_file(file, busy ? in_flight : NULL, pattern, &random);
        write_file(directory, names.list[i].path, &content);
        free(content.data);
    }
    names_free(&names);
}

/* ---- comparing ---- */

static bool is_ignored(const char *name, const char *const *ignored) {
    for (; ignored && *ignored; ignored++)
        if (strcmp(name, *ignored) == 0)
            return true;
    return false;
}

static bool file_equals(const char *path, const struct content *content) {
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    char *real = malloc(content->size + 1);
    size_t len = fread(real, 1, content->size + 1, file);
    bool equal = len == content->size &&
                 (len == 0 || memcmp(real, content->data, len) == 0);
    free(real);
    fclose(file);
    return equal;
}

static int compare_listing(struct powerloss_disk *disk, const char *directory,
                           const char *const *ignored) {
    DIR *dir = opendir(directory);
    struct dirent *entry;
    int differences = 0;

    while (dir && (entry = readdir(dir)) != NULL) {
        const char *name = entry->d_name;
        if (entry->d_type != DT_REG || is_ignored(name, ignored) ||
            names_find(&disk->now, name, strlen(name)))
            continue;
        fprintf(stderr, "powerloss: %s was made unseen\n", name);
        differences++;
    }
    if (dir)
        closedir(dir);
    return differences;
}

int powerloss_disk_compare(struct powerloss_disk *disk, const char *directory,
                           const char *const *ignored) {
    int differences = compare_listing(disk, directory, ignored);
    uint64_t random = 0;
    char path[PATH_MAX];

    for (size_t i = 0; i < disk->now.count; i++) {
        struct name *name = &disk->now.list[i];
        if (!name->file || is_ignored(name->path, ignored))
            continue;
        struct content content =
            image_file(name->file, NULL, POWERLOSS_KEEP_ALL, &random);
        snprintf(path, sizeof path, "%s/%s", directory, name->path);
        if (!file_equals(path, &content)) {
            fprintf(stderr, "powerloss: %s was written unseen\n", name->path);
            differences++;
        }
        free(content.data);
    }
    return differences;
}
