/*
 * trigger_file.h - the file of --triggers: webhooks and watched directories,
 * and what each of them starts (docs/triggers.md).
 *
 * It is JSON: {"Hooks": {NAME: {…}}, "Watches": {NAME: {…}}}. A set is read
 * and checked as a whole; a complaint names the place, "Hooks.github.Input".
 * Members that do not exist are refused, so that a misspelt one does not
 * leave a hook without what it asks for. Secrets stand in files of their own,
 * which nobody else may read (private_file.h).
 */
#ifndef WF_TRIGGER_FILE_H
#define WF_TRIGGER_FILE_H

#include "hook_auth.h"

enum {
    WF_TRIGGER_NAME_MAX = 40,
    WF_TRIGGERS_MAX = 1000,
    WF_TRIGGER_LIST_MAX = 64, /**< Patterns, headers. */
};

enum wf_trigger_kind { WF_TRIGGER_HOOK, WF_TRIGGER_WATCH };

/** What has become of a trigger since the server's start. */
struct wf_trigger_counts {
    uint64_t started;
    uint64_t repeated; /**< Known already: nothing was started. */
    uint64_t refused;  /**< Hooks: not authenticated, or no good request. */
    uint64_t failed;   /**< Starts that were not possible. */
    int64_t last_ms;   /**< Of the last start; 0: none. */
    int64_t error_ms;  /**< 0: none. */
    char *last_arn;    /**< Owned; or NULL. */
    char *error;       /**< Why the last was refused or failed. Owned. */
};

/** Where the key is that tells repetitions of a delivery. */
enum wf_hook_key {
    WF_HOOK_KEY_NONE,
    WF_HOOK_KEY_HEADER,
    WF_HOOK_KEY_POINTER, /**< A JSON Pointer into the body. */
    WF_HOOK_KEY_BODY,    /**< The whole body is it. */
};

/** What bodies may be. */
enum wf_hook_content {
    WF_HOOK_JSON = 1 << 0, /**< application/json, and anything+json. */
    WF_HOOK_FORM = 1 << 1, /**< application/x-www-form-urlencoded */
    WF_HOOK_TEXT = 1 << 2, /**< text/plain, and other text. */
};

struct wf_hook {
    struct wf_hook_auth auth;
    enum wf_hook_key key;
    char *key_of;          /**< The header, or the pointer. */
    bool key_is_required;
    char **headers;        /**< That the input shows; ended by NULL. */
    unsigned contents;     /**< enum wf_hook_content */
    size_t body_bytes;
    double rate, burst;    /**< Requests a second; 0: as many as come. */
    double tokens;
    uint64_t filled_ns;
    bool waits;            /**< EXPRESS: answers with the output. */
};

struct wf_watch_rule {
    char *directory;
    char **patterns, **ignored; /**< fnmatch(3), ended by NULL. */
    char *succeeded, *failed;   /**< Directories that files are moved to at
                                   the end; NULL: they stay. */
    int64_t settle_ms;          /**< Unchanged for so long. */
    int64_t rescan_s;           /**< 0: never. */
    unsigned concurrency;       /**< Files under way. */
};

struct wf_trigger {
    char *name, *arn;
    enum wf_trigger_kind kind;
    char *shape; /**< A definition that makes the input; NULL: as it is. */
    struct wf_trigger_counts counts;
    union {
        struct wf_hook hook;
        struct wf_watch_rule watch;
    };
};

/** Sets are shared by who uses them: counted. */
struct wf_trigger_set {
    unsigned refs;
    struct wf_trigger *triggers; /**< Hooks first, each kind by name. */
    size_t count, hooks;
};

/** What of a server decides what is allowed. */
struct wf_trigger_rules {
    bool unsigned_hooks; /**< Whoever is let in may fire a hook of NONE. */
    size_t body_bytes;   /**< No hook may allow more. */
};

/** Reads the file, the secrets, and looks at the directories; blocks.
 * WF_E_INVALID or WF_E_IO: what and where. */
int wf_trigger_set_read(const char *path, const struct wf_trigger_rules *rules,
                        struct wf_trigger_set **set, struct wf_error *err);
/** From a text; files beside `path` are read, unless `path` is NULL: then none
 * is, and a hook's secrets are left out. */
int wf_trigger_set_parse(struct wf_str text, const char *path,
                         const struct wf_trigger_rules *rules,
                         struct wf_trigger_set **set, struct wf_error *err);
struct wf_trigger_set *wf_trigger_set_ref(struct wf_trigger_set *set);
void wf_trigger_set_unref(struct wf_trigger_set *set); /* NULL is allowed */
/** NULL: there is none. */
struct wf_trigger *wf_trigger_find(struct wf_trigger_set *set,
                                   enum wf_trigger_kind kind,
                                   struct wf_str name);
/** Triggers of the same kind and name keep what they have counted, and what
 * they have used of their limits. */
void wf_trigger_set_inherit(struct wf_trigger_set *set,
                            const struct wf_trigger_set *old);

/** Counts a start; `arn` may be empty. */
void wf_trigger_started(struct wf_trigger *trigger, struct wf_str arn,
                        int64_t now_ms);
/** Notes why one was refused or failed, whose count the caller raises. */
void wf_trigger_complain(struct wf_trigger *trigger, struct wf_str why,
                         int64_t now_ms);
/** Appends the name of the execution of what `key` tells from others. */
void wf_trigger_execution_name(const struct wf_trigger *trigger,
                               struct wf_str key, struct wf_buf *name);
/** Appends the ARN of the state machine's execution of that name. */
void wf_trigger_execution_arn(const struct wf_trigger *trigger,
                              struct wf_str name, struct wf_buf *arn);

#endif
