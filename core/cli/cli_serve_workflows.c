/* cli_serve_workflows.c - see cli_serve_workflows.h. */
#include "cli_serve_workflows.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "offload.h"
#include "severity.h"
#include "workflow_file.h"

#define GONE "its file is gone; the state machine stays, until it is deleted"

enum {
    COMPILE_MS = 10000, /* a file that takes longer is broken */
    MOST_BYTES = 16 << 20,
    THREADS = 2,
};

struct file {
    char *path, *name;
    struct wf_buf text; /* the definition, or what is wrong */
    bool is_broken;
};

struct wf_workflows {
    struct wf_job job; /* first: the one is the other */
    struct wf_workflows_options with;
    struct wf_offload *offload;
    bool is_reading, is_due; /* again, when that is over */
    struct file *files;      /* of the job, then of the loop */
    size_t count, at;        /* `at` is on its way to the engine */
    struct file *known;      /* as they were taken last */
    size_t known_count;
};

static const char *const *directories(const struct wf_options *options) {
    return wf_option_list(options, "workflows");
}

const char **wf_workflows_handlers(const struct wf_options *options) {
    const char *const *lists[] = {wf_option_list(options, "handlers"),
                                  directories(options)};
    const char **all = NULL;
    size_t count = 0;

    for (size_t i = 0; i < 2; i++)
        for (const char *const *at = lists[i]; at && *at; at++) {
            all = wf_realloc(all, (count + 2) * sizeof(*all));
            all[count++] = *at;
            all[count] = NULL;
        }
    return all;
}

static void files_free(struct file *files, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(files[i].path);
        free(files[i].name);
        wf_buf_free(&files[i].text);
    }
    free(files);
}

/* ---- on the thread: compiling ---- */

/* Waits for the child, at most so long as it may take. */
static int read_child(pid_t pid, int fd, struct wf_buf *out) {
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    int status = 0;

    for (;;) {
        int ready = poll(&poll_fd, 1, COMPILE_MS);
        if (ready < 0 && errno == EINTR)
            continue;
        wf_buf_reserve(out, 16384);
        ssize_t n = ready > 0 && out->len < MOST_BYTES
                        ? read(fd, out->data + out->len, out->cap - out->len)
                        : -1;
        if (n < 0) {
            kill(pid, SIGKILL);
            out->len = 0;
            wf_buf_adds(out, "it takes too long to load, or is too large");
        }
        if (n <= 0)
            break;
        out->len += (size_t)n;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void add_option(const char **argv, size_t *argc, const char *name,
                       const char *value) {
    argv[(*argc)++] = name;
    argv[(*argc)++] = value;
}

/* The arguments for free(): moonstep validate --asl … PATH. */
static const char **arguments(const struct wf_options *options,
                              const char *path) {
    const char **handlers = wf_workflows_handlers(options);
    const char *const *states = wf_option_list(options, "states");
    size_t count = 16, argc = 0;

    for (const char **at = handlers; *at; at++)
        count += 2;
    for (const char *const *at = states; at && *at; at++)
        count += 2;
    const char **argv = wf_calloc(count, sizeof(*argv));
    argv[argc++] = "moonstep";
    argv[argc++] = "validate";
    argv[argc++] = "--asl";
    for (const char **at = handlers; *at; at++)
        add_option(argv, &argc, "--handlers", *at);
    for (; states && *states; states++)
        add_option(argv, &argc, "--states", *states);
    add_option(argv, &argc, "--region", wf_option_text(options, "region"));
    add_option(argv, &argc, "--account", wf_option_text(options, "account"));
    add_option(argv, &argc, "--profile", wf_option_text(options, "profile"));
    if (wf_option_text(options, "lua-directory"))
        add_option(argv, &argc, "--lua-directory",
                   wf_option_text(options, "lua-directory"));
    argv[argc] = path;
    free(handlers);
    return argv;
}

/* What it says goes to one pipe: with exit status 0 that is the definition,
 * for the summary is on stderr, which is left out then. */
static int run_compiler(const char **argv, bool with_stderr,
                        struct wf_buf *out) {
    posix_spawn_file_actions_t actions;
    int fds[2], rc;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) != 0)
        return -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, fds[1], 1);
    if (with_stderr)
        posix_spawn_file_actions_adddup2(&actions, fds[1], 2);
    else
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY,
                                         0);
    rc = posix_spawn(&pid, "/proc/self/exe", &actions, NULL,
                     (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    if (rc == 0)
        rc = read_child(pid, fds[0], out);
    close(fds[0]);
    return rc;
}

static void compile(const struct wf_options *options, struct file *file) {
    const char **argv = arguments(options, file->path);

    file->is_broken = run_compiler(argv, false, &file->text) != 0;
    if (file->is_broken) { /* again, for what it says */
        file->text.len = 0;
        run_compiler(argv, true, &file->text);
    }
    free(argv);
}

static void read_file(struct wf_workflows *workflows, struct file *file) {
    struct wf_error err = {0};

    if (wf_workflow_is_lua(file->path)) {
        compile(workflows->with.options, file);
    } else if (wf_cli_read_file(file->path, &file->text, &err) != 0) {
        file->is_broken = true;
        wf_buf_adds(&file->text, err.message);
    }
}

static int is_workflow(const struct dirent *entry) {
    const char *ends[] = {".lua", ".asl.json"};
    size_t len = strlen(entry->d_name);

    for (size_t i = 0; i < 2 && entry->d_name[0] != '.'; i++) {
        size_t end = strlen(ends[i]);
        if (len > end && strcmp(entry->d_name + len - end, ends[i]) == 0)
            return 1;
    }
    return 0;
}

static void read_directory(struct wf_workflows *workflows, const char *path) {
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_workflow, alphasort);

    for (int i = 0; i < count; i++) {
        struct wf_buf full = {0}, name = {0};
        struct file *file;

        workflows->files =
            wf_realloc(workflows->files,
                       (workflows->count + 1) * sizeof(*workflows->files));
        file = &workflows->files[workflows->count++];
        wf_buf_addf(&full, "%s/%s", path, entries[i]->d_name);
        wf_cli_name_of_file(entries[i]->d_name, &name);
        *file = (struct file){.path = wf_strndup(full.data, full.len),
                              .name = wf_strndup(name.data, name.len)};
        if (!wf_job_is_cancelled(&workflows->job))
            read_file(workflows, file);
        wf_buf_free(&full);
        wf_buf_free(&name);
        free(entries[i]);
    }
    free(entries);
}

static void work(struct wf_job *job) {
    struct wf_workflows *workflows = (struct wf_workflows *)job;
    const char *const *directory = directories(workflows->with.options);

    for (; *directory; directory++)
        read_directory(workflows, *directory);
}

/* ---- on the loop: to the engine, one after the other ---- */

static void next(struct wf_workflows *workflows);

static void notice(struct wf_workflows *workflows, const char *severity,
                   const struct file *file, const char *text, size_t len) {
    struct wf_buf line = {0};

    while (len > 0 && text[len - 1] == '\n')
        len--;
    wf_buf_addf(&line, "%sworkflow %s: %.*s", severity, file->name, (int)len,
                text);
    wf_buf_u8(&line, 0);
    workflows->with.notice(workflows->with.arg, line.data);
    wf_buf_free(&line);
}

static const struct file *known_as(const struct wf_workflows *workflows,
                                   const char *name) {
    for (size_t i = 0; i < workflows->known_count; i++)
        if (strcmp(workflows->known[i].name, name) == 0)
            return &workflows->known[i];
    return NULL;
}

static bool is_same(const struct file *file, const struct file *before) {
    return before && before->is_broken == file->is_broken &&
           before->text.len == file->text.len &&
           memcmp(before->text.data, file->text.data, file->text.len) == 0;
}

static void taken(struct wf_workflows *workflows,
                  const struct wf_refusal *refusal, const char *what) {
    struct file *file = &workflows->files[workflows->at];

    if (refusal) {
        file->is_broken = true;
        notice(workflows, WF_WARNING, file, refusal->message.data,
               refusal->message.len);
    } else {
        notice(workflows, "", file, what, strlen(what));
    }
    workflows->at++;
    next(workflows);
}

static void on_updated(void *arg, const struct wf_refusal *refusal,
                       const struct wf_state_machine_reply *reply) {
    (void)reply;
    taken(arg, refusal, "changed, new executions use it");
}

static void update(struct wf_workflows *workflows) {
    const struct file *file = &workflows->files[workflows->at];
    struct wf_buf arn = {0};

    wf_cli_arn(workflows->with.options, "stateMachine", file->name, &arn);
    struct wf_update_state_machine ask = {
        .arn = {arn.data, arn.len},
        .definition = {file->text.data, file->text.len},
    };
    wf_engine_update_state_machine(workflows->with.engine, &ask, on_updated,
                                   workflows);
    wf_buf_free(&arn);
}

static void on_created(void *arg, const struct wf_refusal *refusal,
                       const struct wf_state_machine_reply *reply) {
    struct wf_workflows *workflows = arg;

    (void)reply;
    if (refusal && strcmp(refusal->exception,
                          "StateMachineAlreadyExists") == 0)
        update(workflows);
    else
        taken(workflows, refusal, "ready");
}

static void take(struct wf_workflows *workflows) {
    const struct file *file = &workflows->files[workflows->at];
    struct wf_create_state_machine ask = {
        .name = wf_str(file->name),
        .definition = {file->text.data, file->text.len},
        .role_arn = WF_STR("arn:aws:iam::000000000000:role/moonstep"),
    };

    wf_engine_create_state_machine(workflows->with.engine, &ask, on_created,
                                   workflows);
}

static void tell_of_gone(struct wf_workflows *workflows) {
    for (size_t i = 0; i < workflows->known_count; i++) {
        const struct file *was = &workflows->known[i];
        bool is_there = false;

        for (size_t j = 0; j < workflows->count; j++)
            is_there |= strcmp(workflows->files[j].name, was->name) == 0;
        if (!is_there)
            notice(workflows, WF_WARNING, was, GONE, sizeof(GONE) - 1);
    }
}

static void finish(struct wf_workflows *workflows) {
    tell_of_gone(workflows);
    files_free(workflows->known, workflows->known_count);
    workflows->known = workflows->files;
    workflows->known_count = workflows->count;
    workflows->files = NULL;
    workflows->count = 0;
    workflows->is_reading = false;
    if (workflows->is_due)
        wf_workflows_read(workflows);
}

/* The next one that is not as it was. */
static void next(struct wf_workflows *workflows) {
    for (; workflows->at < workflows->count; workflows->at++) {
        const struct file *file = &workflows->files[workflows->at];

        if (is_same(file, known_as(workflows, file->name)))
            continue;
        if (!file->is_broken) {
            take(workflows);
            return;
        }
        notice(workflows, WF_WARNING, file, file->text.data, file->text.len);
    }
    finish(workflows);
}

static void done(struct wf_job *job) {
    struct wf_workflows *workflows = (struct wf_workflows *)job;

    if (wf_job_is_cancelled(job))
        return;
    workflows->at = 0;
    next(workflows);
}

void wf_workflows_read(struct wf_workflows *workflows) {
    if (!workflows)
        return;
    workflows->is_due = workflows->is_reading;
    if (workflows->is_reading)
        return;
    workflows->is_reading = true;
    workflows->job = (struct wf_job){.work = work, .done = done};
    wf_offload_submit(workflows->offload, &workflows->job);
}

struct wf_workflows *
wf_workflows_open(const struct wf_workflows_options *with) {
    struct wf_workflows *workflows;

    if (!directories(with->options))
        return NULL;
    workflows = wf_calloc(1, sizeof(*workflows));
    workflows->with = *with;
    workflows->offload = wf_offload_new(with->loop, THREADS);
    wf_workflows_read(workflows);
    while (workflows->is_reading)
        ev_run(with->loop, EVRUN_ONCE);
    return workflows;
}

void wf_workflows_close(struct wf_workflows *workflows) {
    if (!workflows)
        return;
    wf_offload_free(workflows->offload);
    files_free(workflows->files, workflows->count);
    files_free(workflows->known, workflows->known_count);
    free(workflows);
}
