/*
 * pool_reap.c - finds what is left of a task's child and signals it.
 *
 * A process id alone proves nothing: it may belong to somebody else by now.
 * The group is ours if its leader started when the recorded one did, or if a
 * member carries the task's key in its environment. Zombies count as gone:
 * they execute nothing.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pool.h"

struct process {
    char state;
    int32_t group;
    uint64_t start_time;
};

static ssize_t read_file(const char *path, char *buf, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len;

    if (fd < 0)
        return -1;
    len = read(fd, buf, size - 1);
    close(fd);
    if (len >= 0)
        buf[len] = '\0';
    return len;
}

/* Reads /proc/PID/stat; the name in it may hold blanks and brackets. */
static bool process_read(int32_t pid, struct process *process) {
    char path[64], text[1024];
    unsigned long long start;
    int group;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    if (read_file(path, text, sizeof(text)) <= 0)
        return false;
    char *at = strrchr(text, ')');
    if (!at ||
        sscanf(at + 1,
               " %c %*d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
               "%*d %*d %*d %*d %llu",
               &process->state, &group, &start) != 3)
        return false;
    process->group = group;
    process->start_time = start;
    return true;
}

static bool is_alive(const struct process *process) {
    return process->state != 'Z' && process->state != 'X';
}

/* Whether MOONSTEP_TASK=key is in the environment of a process. */
static bool has_key(int32_t pid, struct wf_str key) {
    static const char name[] = "MOONSTEP_TASK=";
    struct wf_buf environment = {0};
    char path[64];
    bool found = false;
    ssize_t n = 0;

    if (key.len == 0)
        return false;
    snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    do {
        wf_buf_reserve(&environment, 65536);
        n = read(fd, environment.data + environment.len, 65535);
        environment.len += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    close(fd);
    environment.data[environment.len] = '\0';
    for (size_t at = 0; at < environment.len && !found;
         at += strlen(environment.data + at) + 1) {
        const char *value = environment.data + at + sizeof(name) - 1;
        found = strncmp(environment.data + at, name, sizeof(name) - 1) == 0 &&
                strlen(value) == key.len &&
                memcmp(value, key.data, key.len) == 0;
    }
    wf_buf_free(&environment);
    return found;
}

/* Whether the group has a living member; `ours`: one that carries the key. */
static bool group_scan(int32_t group, struct wf_str key, bool *ours) {
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    bool alive = false;

    while (processes && (entry = readdir(processes)) != NULL) {
        struct process process;
        int32_t pid = (int32_t)atoi(entry->d_name);

        if (!isdigit((unsigned char)entry->d_name[0]) ||
            !process_read(pid, &process) || process.group != group ||
            !is_alive(&process))
            continue;
        alive = true;
        if (!*ours)
            *ours = has_key(pid, key);
    }
    if (processes)
        closedir(processes);
    return alive;
}

bool wf_child_signal(struct wf_child child, struct wf_str task_key,
                     int signal) {
    struct process leader;
    bool ours = process_read(child.pid, &leader) &&
                leader.start_time == child.start_time;

    if (child.pid <= 1)
        return false;
    if (ours && is_alive(&leader)) {
        /* Before it has made its group: itself. */
        if (kill(-child.pid, signal) != 0)
            kill(child.pid, signal);
        return true;
    }
    if (kill(-child.pid, 0) != 0)
        return false; /* no such group: the usual case, found cheaply */
    if (!group_scan(child.pid, task_key, &ours) || !ours)
        return false;
    kill(-child.pid, signal);
    return true;
}

bool wf_child_reap(struct wf_child child, struct wf_str task_key) {
    return wf_child_signal(child, task_key, SIGKILL);
}
