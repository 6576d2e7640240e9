/*
 * watch_impl.h - what the files of watched directories share; nobody else's.
 *
 * A file is noted by an event of inotify, or by a scan of the directory: at
 * the start, when events were lost, and now and then. It is looked at until
 * it is settled: unchanged for a while, and written by nobody. Then the
 * execution is started that is named after this version of it, unless that is
 * there already; and when it has ended, the file may be moved.
 *
 *     SETTLING -> LOOKING -> READY -> STARTING -> RUNNING -> MOVING -> gone
 *        ^___________|         ^_________|
 *
 * Only files that are under way are in memory, WATCH_FILES at most; a scan
 * waits until there is room. Versions that are done are remembered in a
 * table of a fixed size, which spares asking the store and no more.
 */
#ifndef WF_WATCH_IMPL_H
#define WF_WATCH_IMPL_H

#include <dirent.h>

#include "triggers_impl.h"

enum {
    WF_WATCH_FILES = 4096,
    WF_WATCH_BUCKETS = 1024,
    WF_WATCH_SEEN = 65536,
    WF_WATCH_LOOKS = 256, /**< Files looked at by one job. */
    WF_WATCH_SLICE = 1024, /**< Names read by one. */
};

/** What tells one content of a file from another. */
struct wf_file_version {
    uint64_t size, inode;
    int64_t mtime_ns;
};

enum wf_watched_state {
    WF_WATCHED_SETTLING, /**< Until `due_ns`. */
    WF_WATCHED_LOOKING,  /**< A thread looks. */
    WF_WATCHED_READY,    /**< There is no room for one more execution. */
    WF_WATCHED_STARTING,
    WF_WATCHED_RUNNING,  /**< Its end is waited for. */
    WF_WATCHED_MOVING,
};

struct wf_watched {
    struct wf_link link;       /* in watch->files */
    struct wf_watched *next;   /* in its bucket */
    struct wf_watch *watch;
    char *name;
    enum wf_watched_state state;
    bool has_version;
    bool is_free;              /* nobody writes it: that was looked at */
    bool is_changed;           /* since it was looked at */
    struct wf_file_version version;
    uint64_t due_ns;
    unsigned attempts;
    struct wf_buf execution;   /* its name */
    struct wf_buf event;       /* its input, before Input */
};

/** What a thread has seen of a file. */
struct wf_look {
    struct wf_watched *file;
    char *path;                /* owned */
    bool is_asked_free;        /* whether somebody writes it matters */
    bool is_there, is_written;
    struct wf_file_version version;
};

struct wf_look_job {
    struct wf_job job;
    struct wf_watch *watch;
    size_t count;
    struct wf_look looks[WF_WATCH_LOOKS];
};

struct wf_scan_job {
    struct wf_job job;
    struct wf_watch *watch;
    DIR *directory;            /* between slices; NULL: at its end */
    int error;
    size_t count, taken;
    char *names[WF_WATCH_SLICE];
};

struct wf_open_job {
    struct wf_job job;
    struct wf_watch *watch;
    int wd, error;
};

struct wf_move_job {
    struct wf_job job;
    struct wf_watched *file;
    struct wf_file_version version;
    char *from, *to, *to_other; /* owned */
    bool is_gone;              /* or another version: it stays */
    int error;
};

struct wf_watch {
    struct wf_watch *next;     /* in triggers->watches */
    struct wf_triggers *triggers;
    struct wf_trigger_set *set; /* counted */
    const struct wf_trigger *trigger; /* in it */
    const struct wf_watch_rule *rule;
    int fd, wd;                /* of inotify; -1: none */
    ev_io readable;
    ev_timer tick, rescan, reopen;
    struct wf_link files;
    struct wf_watched *buckets[WF_WATCH_BUCKETS];
    size_t count;
    unsigned running;          /* STARTING to MOVING */
    unsigned asked;            /* answers of engine and threads under way */
    struct wf_scan_job *scan;  /* under way; or NULL */
    bool is_scanning;          /* a thread has it */
    bool scan_again;           /* something was missed */
    bool is_looking, is_opening, is_over;
    bool is_blind;             /* inotify can't be had */
    char (*seen)[16];          /* hashes; all-zero: none */
    char *told;                /* the last notice; or NULL */
};

/* ---- watch_files.c ---- */
struct wf_watched *wf_watched_find(struct wf_watch *watch, const char *name);
/** NULL: there is no room. */
struct wf_watched *wf_watched_add(struct wf_watch *watch, const char *name);
void wf_watched_remove(struct wf_watched *file);
/** Whether the rule wants files of that name. May be asked by a thread. */
bool wf_watch_wants(const struct wf_watch_rule *rule, const char *name);
/** The text that an execution's name is made of. */
void wf_watched_key(const struct wf_watched *file, struct wf_buf *key);
bool wf_watch_has_seen(struct wf_watch *watch, const struct wf_watched *file);
void wf_watch_note_seen(struct wf_watch *watch,
                        const struct wf_watched *file);
/** Appends the event; false: the name is no UTF-8. */
bool wf_watched_event(const struct wf_watched *file, struct wf_buf *out);

/* ---- watch.c ---- */
/** The file is under way no more. */
void wf_watched_done(struct wf_watched *file);
/** Tells the operator, unless it was the last that was told. */
void wf_watch_tell(struct wf_watch *watch, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** Looks after what is due, soon. */
void wf_watch_wake(struct wf_watch *watch);
/** An answer has come. False: the watch has ended, and may be gone. */
bool wf_watch_goes_on(struct wf_watch *watch);

/* ---- watch_start.c ---- */
/** The file is settled, and there is room. */
void wf_watched_start(struct wf_watched *file);

/* ---- watch_jobs.c: on threads ---- */
void wf_watch_open_work(struct wf_job *job);
void wf_watch_scan_work(struct wf_job *job);
void wf_watch_look_work(struct wf_job *job);
void wf_watch_move_work(struct wf_job *job);

#endif
