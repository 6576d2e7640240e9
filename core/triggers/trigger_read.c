/* trigger_read.c - the file of triggers: what it may say. See
 * trigger_file.h. */
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

#include "private_file.h"
#include "trigger_file.h"
#include "trigger_reader.h"

enum {
    FILE_MAX = 4 << 20,
    SECRETS_MAX = 16384,
    DEPTH_MAX = 100,
    INPUT_MAX = 32768, /* what is larger, a thread would look at */
};

#define RATE_MAX 1e6
#define BODY_BYTES ((size_t)1 << 20)

/* What the parts of a file have in common. */
struct reading {
    struct wf_trigger_reader reader;
    const char *path; /* NULL: nothing beside it is read */
    const struct wf_trigger_rules *rules;
};

/* ---- files beside it ---- */

static char *beside(const char *base, const char *given) {
    const char *slash = strrchr(base, '/');
    struct wf_buf path = {0};

    if (given[0] != '/' && slash)
        wf_buf_add(&path, base, (size_t)(slash - base) + 1);
    wf_buf_adds(&path, given);
    wf_buf_u8(&path, '\0');
    return path.data;
}

static void read_secrets(struct reading *reading, struct wf_value object,
                         bool is_encoded, struct wf_hook_auth *auth) {
    struct wf_trigger_reader *reader = &reading->reader;
    char *given = wf_trigger_text(reader, object, "SecretFile", NULL);
    struct wf_buf text = {0};
    struct wf_error err;
    char *path = given && reading->path ? beside(reading->path, given) : NULL;

    if (!given)
        wf_trigger_wrong(reader, "SecretFile", "it has to be there");
    wf_buf_reserve(&text, SECRETS_MAX + 4097); /* never moved */
    if (path && (wf_private_file_read(path, WF_FILE_SECRET, SECRETS_MAX,
                                      &text, &err) != 0 ||
                 wf_hook_secrets_parse((struct wf_str){text.data, text.len},
                                       path, is_encoded, auth, &err) != 0))
        wf_trigger_wrong(reader, "SecretFile", "%s", err.message);
    explicit_bzero(text.data, text.len);
    wf_buf_free(&text);
    free(path);
    free(given);
}

/* ---- Authentication ---- */

struct scheme {
    enum wf_hook_scheme scheme;
    enum wf_hook_signed text;
    bool is_base64;
    const char *header, *prefix, *time_header, *id_header;
};

enum { OWN = 4 }; /* HMAC: the file says how */

static const char *const scheme_names[] = {
    "GITHUB", "STRIPE", "SLACK", "STANDARD_WEBHOOKS", "HMAC", "BEARER",
    "NONE", NULL};

static const struct scheme schemes[] = {
    {WF_HOOK_HMAC, WF_HOOK_BODY, false, "X-Hub-Signature-256", "sha256=", NULL,
     NULL},
    {WF_HOOK_LIST, WF_HOOK_TIME_BODY, false, "Stripe-Signature", "v1=", NULL,
     NULL},
    {WF_HOOK_HMAC, WF_HOOK_V0_TIME_BODY, false, "X-Slack-Signature", "v0=",
     "X-Slack-Request-Timestamp", NULL},
    {WF_HOOK_WORDS, WF_HOOK_ID_TIME_BODY, true, "webhook-signature", "v1,",
     "webhook-timestamp", "webhook-id"},
    {WF_HOOK_HMAC, WF_HOOK_BODY, false, "X-Signature", "", NULL, NULL},
    {WF_HOOK_BEARER, WF_HOOK_BODY, false, "Authorization", NULL, NULL, NULL},
    {WF_HOOK_NONE, WF_HOOK_BODY, false, NULL, NULL, NULL, NULL},
};

static const char *const scheme_members[][9] = {
    [WF_HOOK_NONE] = {"Scheme", NULL},
    [WF_HOOK_BEARER] = {"Scheme", "SecretFile", "Header", "Prefix", NULL},
    [WF_HOOK_HMAC] = {"Scheme", "SecretFile", "ToleranceSeconds", NULL},
    [WF_HOOK_LIST] = {"Scheme", "SecretFile", "ToleranceSeconds", NULL},
    [WF_HOOK_WORDS] = {"Scheme", "SecretFile", "ToleranceSeconds", NULL},
};
static const char *const own_members[] = {
    "Scheme", "SecretFile", "Header", "Prefix", "Encoding", "TimestampHeader",
    "ToleranceSeconds", NULL};

static bool is_header(const char *name) {
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR"
                              "STUVWXYZ0123456789-_");
    return len > 0 && len <= 100 && !name[len];
}

static char *header_of(struct wf_trigger_reader *reader,
                       struct wf_value object, const char *member,
                       const char *otherwise) {
    char *name = wf_trigger_text(reader, object, member, otherwise);

    if (name && !is_header(name))
        wf_trigger_wrong(reader, member, "it is no name of a header");
    return name;
}

static char *copy_of(const char *text) {
    return text ? wf_strndup(text, strlen(text)) : NULL;
}

static void read_own(struct wf_trigger_reader *reader, struct wf_value object,
                     struct wf_hook_auth *auth) {
    static const char *const encodings[] = {"HEX", "BASE64", NULL};

    free(auth->time_header);
    auth->is_base64 =
        wf_trigger_choice(reader, object, "Encoding", encodings, 0) == 1;
    auth->time_header = header_of(reader, object, "TimestampHeader", NULL);
    if (auth->time_header)
        auth->text = WF_HOOK_TIME_BODY;
}

static void read_scheme(struct reading *reading, struct wf_value object,
                        int choice, struct wf_hook_auth *auth) {
    struct wf_trigger_reader *reader = &reading->reader;
    const struct scheme *scheme = &schemes[choice];
    const char *prefix = scheme->prefix;

    auth->scheme = scheme->scheme;
    auth->text = scheme->text;
    auth->is_base64 = scheme->is_base64;
    auth->header = header_of(reader, object, "Header", scheme->header);
    if (!prefix) /* of a secret that is sent along */
        prefix = auth->header &&
                         strcasecmp(auth->header, "Authorization") == 0
                     ? "Bearer "
                     : "";
    auth->prefix = wf_trigger_text(reader, object, "Prefix", prefix);
    auth->time_header = copy_of(scheme->time_header);
    auth->id_header = copy_of(scheme->id_header);
    auth->tolerance_s = wf_trigger_integer(reader, object, "ToleranceSeconds",
                                           300, 1, 86400);
    if (choice == OWN)
        read_own(reader, object, auth);
    read_secrets(reading, object, scheme->scheme == WF_HOOK_WORDS, auth);
}

static void read_auth(struct reading *reading, struct wf_value hook,
                      struct wf_hook_auth *auth) {
    struct wf_trigger_reader *reader = &reading->reader;
    struct wf_value object;
    int choice;

    if (!wf_trigger_value(reader, hook, "Authentication", WF_JSON_OBJECT,
                          &object)) {
        wf_trigger_wrong(reader, "Authentication", "it has to be there");
        return;
    }
    size_t place = wf_trigger_enter(reader, WF_STR("Authentication"));
    choice = wf_trigger_choice(reader, object, "Scheme", scheme_names, -1);
    if (choice < 0) {
        wf_trigger_wrong(reader, "Scheme", "it has to be there");
    } else {
        wf_trigger_members(reader, object,
                           choice == OWN
                               ? own_members
                               : scheme_members[schemes[choice].scheme]);
        if (schemes[choice].scheme != WF_HOOK_NONE)
            read_scheme(reading, object, choice, auth);
        else if (!reading->rules->unsigned_hooks)
            wf_trigger_wrong(reader, "Scheme",
                             "NONE would let anybody in: it is for a server "
                             "on loopback without --keys and --insecure");
    }
    wf_trigger_leave(reader, place);
}

/* ---- the rest of a hook ---- */

static void read_key(struct wf_trigger_reader *reader, struct wf_value object,
                     struct wf_hook *hook) {
    static const char *const members[] = {"Header", "Pointer", "Body",
                                          "Required", NULL};
    struct wf_value key;

    if (!wf_trigger_value(reader, object, "Idempotency", WF_JSON_OBJECT, &key))
        return;
    size_t place = wf_trigger_enter(reader, WF_STR("Idempotency"));
    wf_trigger_members(reader, key, members);
    hook->key_of = header_of(reader, key, "Header", NULL);
    char *pointer = wf_trigger_text(reader, key, "Pointer", NULL);
    bool is_body = wf_trigger_flag(reader, key, "Body", false);
    if ((hook->key_of != NULL) + (pointer != NULL) + is_body != 1)
        wf_trigger_wrong(reader, "", "it has to have one of Header, Pointer, "
                                     "and Body (true)");
    if (pointer && pointer[0] != '/')
        wf_trigger_wrong(reader, "Pointer", "it has to begin with a slash");
    hook->key = hook->key_of ? WF_HOOK_KEY_HEADER
                : pointer    ? WF_HOOK_KEY_POINTER
                             : WF_HOOK_KEY_BODY;
    if (hook->key_of)
        free(pointer);
    else
        hook->key_of = pointer;
    hook->key_is_required = wf_trigger_flag(reader, key, "Required", false);
    wf_trigger_leave(reader, place);
}

static void read_rate(struct wf_trigger_reader *reader, struct wf_value object,
                      struct wf_hook *hook) {
    static const char *const members[] = {"PerSecond", "Burst", NULL};
    struct wf_value limit;

    if (!wf_trigger_value(reader, object, "RateLimit", WF_JSON_OBJECT, &limit))
        return;
    size_t place = wf_trigger_enter(reader, WF_STR("RateLimit"));
    wf_trigger_members(reader, limit, members);
    hook->rate = wf_trigger_number(reader, limit, "PerSecond", 0, 0.001,
                                   RATE_MAX);
    if (hook->rate == 0)
        wf_trigger_wrong(reader, "PerSecond", "it has to be there");
    hook->burst = wf_trigger_number(reader, limit, "Burst",
                                    hook->rate < 1 ? 1 : hook->rate, 1,
                                    RATE_MAX);
    hook->tokens = hook->burst;
    wf_trigger_leave(reader, place);
}

static void read_contents(struct wf_trigger_reader *reader,
                          struct wf_value object, struct wf_hook *hook) {
    static const char *const names[] = {"application/json",
                                        "application/x-www-form-urlencoded",
                                        "text/plain", NULL};
    char **given = wf_trigger_texts(reader, object, "ContentTypes", NULL);

    for (char **at = given; *at; at++) {
        unsigned bit = 0;
        for (int i = 0; names[i]; i++)
            bit |= strcasecmp(*at, names[i]) == 0 ? 1u << i : 0;
        if (!bit)
            wf_trigger_wrong(reader, "ContentTypes",
                             "there are: %s, %s, %s", names[0], names[1],
                             names[2]);
        hook->contents |= bit;
    }
    if (!hook->contents)
        hook->contents = WF_HOOK_JSON;
    wf_trigger_texts_free(given);
}

static void read_headers(struct wf_trigger_reader *reader,
                         struct wf_value object, struct wf_hook *hook) {
    hook->headers = wf_trigger_texts(reader, object, "Headers", NULL);
    for (char **at = hook->headers; *at; at++) {
        if (!is_header(*at))
            wf_trigger_wrong(reader, "Headers", "%s is no name of a header",
                             *at);
        if (strcasecmp(*at, "Authorization") == 0 ||
            (hook->auth.scheme == WF_HOOK_BEARER && hook->auth.header &&
             strcasecmp(*at, hook->auth.header) == 0))
            wf_trigger_wrong(reader, "Headers",
                             "%s has a secret, which would be in histories",
                             *at);
    }
}

static void read_hook(struct reading *reading, struct wf_value object,
                      struct wf_trigger *trigger) {
    static const char *const members[] = {
        "StateMachineArn", "Authentication", "Idempotency", "Headers",
        "Input", "ContentTypes", "MaxBodyBytes", "RateLimit", "Wait", NULL};
    struct wf_trigger_reader *reader = &reading->reader;
    struct wf_hook *hook = &trigger->hook;
    size_t most = reading->rules->body_bytes;

    wf_trigger_members(reader, object, members);
    read_auth(reading, object, &hook->auth);
    read_key(reader, object, hook);
    read_headers(reader, object, hook);
    read_contents(reader, object, hook);
    read_rate(reader, object, hook);
    hook->body_bytes = (size_t)wf_trigger_integer(
        reader, object, "MaxBodyBytes",
        (int64_t)(most < BODY_BYTES ? most : BODY_BYTES), 1, (int64_t)most);
    hook->waits = wf_trigger_flag(reader, object, "Wait", false);
    if (hook->waits && hook->key != WF_HOOK_KEY_NONE)
        wf_trigger_wrong(reader, "Wait", "it is for EXPRESS executions, whose "
                                         "names tell no repetitions: leave "
                                         "Idempotency out");
}

/* ---- a watched directory ---- */

/* Where files are moved to; made if it is missing. */
static char *read_target(struct reading *reading, struct wf_value object,
                         const char *member, const char *directory) {
    struct wf_trigger_reader *reader = &reading->reader;
    char *given = wf_trigger_text(reader, object, member, NULL);
    struct stat info, base;
    struct wf_buf path = {0};

    if (!given || reader->has_failed || !reading->path)
        return given;
    if (given[0] != '/')
        wf_buf_addf(&path, "%s/", directory);
    wf_buf_adds(&path, given);
    wf_buf_u8(&path, '\0');
    free(given);
    if ((mkdir(path.data, 0777) != 0 && errno != EEXIST) ||
        stat(path.data, &info) != 0 || stat(directory, &base) != 0)
        wf_trigger_wrong(reader, member, "%s: %s", path.data, strerror(errno));
    else if (!S_ISDIR(info.st_mode))
        wf_trigger_wrong(reader, member, "%s: not a directory", path.data);
    else if (info.st_dev != base.st_dev)
        wf_trigger_wrong(reader, member, "%s is on another file system than "
                                         "the watched directory", path.data);
    else if (info.st_ino == base.st_ino)
        wf_trigger_wrong(reader, member, "it is the watched directory itself");
    return path.data;
}

static void check_directory(struct reading *reading, char *directory) {
    struct wf_trigger_reader *reader = &reading->reader;
    struct stat info;

    for (size_t len = directory ? strlen(directory) : 0;
         len > 1 && directory[len - 1] == '/'; len--)
        directory[len - 1] = '\0'; /* it is in the names of executions */
    if (!directory)
        wf_trigger_wrong(reader, "Directory", "it has to be there");
    else if (directory[0] != '/')
        wf_trigger_wrong(reader, "Directory", "it has to begin with a slash");
    else if (reading->path && stat(directory, &info) != 0)
        wf_trigger_wrong(reader, "Directory", "%s: %s", directory,
                         strerror(errno));
    else if (reading->path && !S_ISDIR(info.st_mode))
        wf_trigger_wrong(reader, "Directory", "%s: not a directory",
                         directory);
}

static void read_watch(struct reading *reading, struct wf_value object,
                       struct wf_trigger *trigger) {
    static const char *const members[] = {
        "StateMachineArn", "Directory", "Patterns", "Ignore", "Input",
        "SettleMilliseconds", "RescanSeconds", "MaxConcurrency",
        "MoveOnSuccess", "MoveOnFailure", NULL};
    static const char *const all[] = {"*", NULL};
    static const char *const partial[] = {"*.part", "*.partial", "*.tmp",
                                          "*.filepart", "*.crdownload", "*~",
                                          NULL};
    struct wf_trigger_reader *reader = &reading->reader;
    struct wf_watch_rule *watch = &trigger->watch;

    wf_trigger_members(reader, object, members);
    watch->directory = wf_trigger_text(reader, object, "Directory", NULL);
    check_directory(reading, watch->directory);
    watch->patterns = wf_trigger_texts(reader, object, "Patterns", all);
    watch->ignored = wf_trigger_texts(reader, object, "Ignore", partial);
    watch->settle_ms = wf_trigger_integer(reader, object, "SettleMilliseconds",
                                          1000, 0, 86400000);
    watch->rescan_s = wf_trigger_integer(reader, object, "RescanSeconds", 300,
                                         0, 86400);
    watch->concurrency = (unsigned)wf_trigger_integer(
        reader, object, "MaxConcurrency", 100, 1, 1000);
    watch->succeeded = read_target(reading, object, "MoveOnSuccess",
                                   watch->directory);
    watch->failed = read_target(reading, object, "MoveOnFailure",
                                watch->directory);
}

/* ---- the file ---- */

static bool is_name(struct wf_str name) {
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
    }
    return name.len > 0 && name.len <= WF_TRIGGER_NAME_MAX;
}

static bool is_machine(const char *arn) {
    static const char kind[] = ":stateMachine:";
    const char *at = strstr(arn, kind);
    unsigned colons = 0;

    for (const char *c = arn; at && c < at; c++)
        colons += *c == ':';
    return strncmp(arn, "arn:", 4) == 0 && colons == 4 &&
           at[sizeof(kind) - 1] && at[sizeof(kind) - 1] != ':' &&
           !strchr(arn, '/');
}

/* A state machine of one Pass state, whose output is the input. */
static char *shape_of(struct wf_trigger_reader *reader,
                      struct wf_value object) {
    struct wf_value input;
    struct wf_buf text = {0};

    if (!wf_value_member(object, WF_STR("Input"), &input))
        return NULL;
    if (wf_value_text(input).len > INPUT_MAX)
        wf_trigger_wrong(reader, "Input", "it may have %d bytes", INPUT_MAX);
    wf_buf_adds(&text, "{\"QueryLanguage\":\"JSONata\",\"StartAt\":\"Input\","
                       "\"States\":{\"Input\":{\"Type\":\"Pass\","
                       "\"Output\":");
    wf_buf_addstr(&text, wf_value_text(input));
    wf_buf_adds(&text, ",\"End\":true}}}");
    wf_buf_u8(&text, '\0');
    return text.data;
}

static void read_trigger(struct reading *reading, struct wf_value object,
                         struct wf_trigger *trigger) {
    struct wf_trigger_reader *reader = &reading->reader;

    if (wf_value_type(object) != WF_JSON_OBJECT) {
        wf_trigger_wrong(reader, "", "it has to be an object");
        return;
    }
    trigger->arn = wf_trigger_text(reader, object, "StateMachineArn", NULL);
    if (!trigger->arn || !is_machine(trigger->arn))
        wf_trigger_wrong(reader, "StateMachineArn",
                         "it has to be the ARN of a state machine, or of its "
                         "version or alias");
    trigger->shape = shape_of(reader, object);
    if (trigger->kind == WF_TRIGGER_HOOK)
        read_hook(reading, object, trigger);
    else
        read_watch(reading, object, trigger);
}

static void read_kind(struct reading *reading, struct wf_value root,
                      const char *member, enum wf_trigger_kind kind,
                      struct wf_trigger_set *set) {
    struct wf_trigger_reader *reader = &reading->reader;
    struct wf_value all;

    if (!wf_trigger_value(reader, root, member, WF_JSON_OBJECT, &all))
        return;
    const struct wf_node *nodes = wf_doc_nodes(all.doc);
    size_t place = wf_trigger_enter(reader, wf_str(member));
    for (uint32_t at = all.node + 1;
         at < nodes[all.node].next && !reader->has_failed;
         at = nodes[at + 1].next) {
        struct wf_trigger *trigger = &set->triggers[set->count];
        struct wf_buf name = {0};
        if (set->count == WF_TRIGGERS_MAX) {
            wf_trigger_wrong(reader, "", "at most %d triggers",
                             WF_TRIGGERS_MAX);
            break;
        }
        set->count++;
        trigger->kind = kind;
        wf_value_string((struct wf_value){all.doc, at}, &name);
        size_t inner = wf_trigger_enter(reader,
                                        (struct wf_str){name.data, name.len});
        if (!is_name((struct wf_str){name.data, name.len}))
            wf_trigger_wrong(reader, "", "a name has 1 to %d letters, digits, "
                                         "- and _", WF_TRIGGER_NAME_MAX);
        wf_buf_u8(&name, '\0');
        trigger->name = name.data;
        read_trigger(reading, (struct wf_value){all.doc, at + 1}, trigger);
        wf_trigger_leave(reader, inner);
    }
    wf_trigger_leave(reader, place);
}

static int compare(const void *a, const void *b) {
    return strcmp(((const struct wf_trigger *)a)->name,
                  ((const struct wf_trigger *)b)->name);
}

/* Sorts those of a kind; no two have one name. */
static void sort(struct wf_trigger_reader *reader, struct wf_trigger *triggers,
                 size_t count) {
    if (reader->has_failed || count == 0)
        return;
    qsort(triggers, count, sizeof(*triggers), compare);
    for (size_t i = 1; i < count; i++)
        if (compare(&triggers[i - 1], &triggers[i]) == 0)
            wf_trigger_wrong(reader, triggers[i].name, "there are two of "
                                                       "that name");
}

int wf_trigger_set_parse(struct wf_str text, const char *path,
                         const struct wf_trigger_rules *rules,
                         struct wf_trigger_set **out, struct wf_error *err) {
    static const char *const members[] = {"Hooks", "Watches", NULL};
    static const struct wf_doc_limits limits = {.max_depth = DEPTH_MAX};
    const char *name = path ? path : "triggers";
    struct reading reading = {
        .reader = {.name = name, .err = err}, .path = path, .rules = rules};
    struct wf_trigger_set *set;
    struct wf_error why;
    struct wf_doc *doc = wf_doc_parse(text, &limits, &why);
    struct wf_value root = {doc, 0};

    *out = NULL;
    if (!doc)
        return wf_error_set(err, WF_E_INVALID, "%s: %s", name, why.message);
    set = wf_calloc(1, sizeof(*set));
    set->refs = 1;
    set->triggers = wf_calloc(WF_TRIGGERS_MAX, sizeof(*set->triggers));
    if (wf_value_type(root) != WF_JSON_OBJECT) {
        wf_trigger_wrong(&reading.reader, "", "it has to be an object");
    } else {
        wf_trigger_members(&reading.reader, root, members);
        read_kind(&reading, root, "Hooks", WF_TRIGGER_HOOK, set);
        set->hooks = set->count;
        read_kind(&reading, root, "Watches", WF_TRIGGER_WATCH, set);
        sort(&reading.reader, set->triggers, set->hooks);
        sort(&reading.reader, set->triggers + set->hooks,
             set->count - set->hooks);
    }
    wf_doc_unref(doc);
    wf_buf_free(&reading.reader.place);
    if (reading.reader.has_failed) {
        wf_trigger_set_unref(set);
        return -1;
    }
    set->triggers = wf_realloc(set->triggers, (set->count + 1) *
                                                  sizeof(*set->triggers));
    *out = set;
    return 0;
}

int wf_trigger_set_read(const char *path, const struct wf_trigger_rules *rules,
                        struct wf_trigger_set **set, struct wf_error *err) {
    struct wf_buf text = {0};
    int rc = -1;

    *set = NULL;
    if (wf_private_file_read(path, WF_FILE_OTHERS_WRITE, FILE_MAX, &text,
                             err) == 0)
        rc = wf_trigger_set_parse((struct wf_str){text.data, text.len}, path,
                                  rules, set, err);
    wf_buf_free(&text);
    return rc;
}
