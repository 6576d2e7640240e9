/* qualifiers.c - versions and aliases in memory and as rows. See
 * qualifiers.h. */
#include "qualifiers.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine_impl.h"

#define VERSION_IMAGE 1
#define ALIAS_IMAGE 1
#define SCAN_ROWS 1000
#define KEPT 64 /* state machines */

/* ---- memory ---- */

static void free_version(struct wf_version *version) {
    free(version->description);
}

static void free_alias(struct wf_alias *alias) {
    free(alias->name);
    free(alias->description);
}

void wf_qualifiers_free(struct wf_qualifiers *qualifiers) {
    if (!qualifiers)
        return;
    for (size_t i = 0; i < qualifiers->version_count; i++)
        free_version(&qualifiers->versions[i]);
    for (size_t i = 0; i < qualifiers->alias_count; i++)
        free_alias(&qualifiers->aliases[i]);
    free(qualifiers->versions);
    free(qualifiers->aliases);
    free(qualifiers);
}

/* Puts `value` at `at`; the array grows. */
#define INSERT(array, count, cap, at, value)                             \
    do {                                                                 \
        if ((count) == (cap)) {                                          \
            (cap) = (cap) ? (cap) * 2 : 4;                               \
            (array) = wf_realloc((array), (cap) * sizeof(*(array)));     \
        }                                                                \
        memmove((array) + (at) + 1, (array) + (at),                      \
                ((count) - (at)) * sizeof(*(array)));                    \
        (array)[at] = (value);                                           \
        (count)++;                                                       \
    } while (0)

#define REMOVE(array, count, at)                                         \
    do {                                                                 \
        (count)--;                                                       \
        memmove((array) + (at), (array) + (at) + 1,                      \
                ((count) - (at)) * sizeof(*(array)));                    \
    } while (0)

static void install(struct wf_engine *engine, struct wf_machine_head *head,
                    struct wf_qualifiers *qualifiers) {
    head->qualifiers = qualifiers;
    qualifiers->head = head;
    wf_list_append(&engine->machines.qualified, &qualifiers->link);
    engine->machines.qualified_count++;
}

void wf_qualifiers_add(struct wf_engine *engine,
                       struct wf_machine_head *head) {
    if (!head->qualifiers)
        install(engine, head, wf_calloc(1, sizeof(*head->qualifiers)));
}

/* Asked for now. */
static void renew(struct wf_engine *engine, struct wf_machine_head *head) {
    struct wf_qualifiers *qualifiers = head->qualifiers;
    wf_list_remove(&qualifiers->link);
    wf_list_append(&engine->machines.qualified, &qualifiers->link);
}

void wf_qualifiers_housekeeping(struct wf_engine *engine) {
    struct wf_machines *machines = &engine->machines;
    while (machines->qualified_count > KEPT) {
        struct wf_qualifiers *oldest = WF_ENTRY(
            machines->qualified.next, struct wf_qualifiers, link);
        if (oldest->last_seq > engine->durable_seq ||
            oldest->head->qualifier_reads > 0)
            return; /* the rows are not there yet; or a read that began
                       before they were would bring back what they replace */
        wf_list_remove(&oldest->link);
        machines->qualified_count--;
        oldest->head->qualifiers = NULL;
        wf_qualifiers_free(oldest);
    }
}

/* ---- versions ---- */

/* Where it is, or would be. */
static size_t version_at(const struct wf_qualifiers *qualifiers,
                         uint32_t number) {
    size_t low = 0, high = qualifiers->version_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (qualifiers->versions[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct wf_version *wf_version_find(const struct wf_machine_head *head,
                                   uint32_t number) {
    struct wf_qualifiers *all = head->qualifiers;
    size_t at = version_at(all, number);
    return at < all->version_count && all->versions[at].number == number
               ? &all->versions[at]
               : NULL;
}

struct wf_version *wf_version_of(const struct wf_machine_head *head,
                                 uint32_t revision) {
    struct wf_qualifiers *all = head->qualifiers;
    for (size_t i = all->version_count; i-- > 0;)
        if (all->versions[i].revision <= revision)
            return all->versions[i].revision == revision ? &all->versions[i]
                                                         : NULL;
    return NULL;
}

bool wf_version_has_room(const struct wf_engine *engine,
                         const struct wf_machine_head *head) {
    uint32_t most = engine->options.profile->versions;
    return most == 0 || head->qualifiers->version_count < most;
}

/* V row: version:1 revision creation_ms description. */
static void put_version(struct wf_engine *engine,
                        struct wf_machine_head *head,
                        const struct wf_version *version) {
    struct wf_buf row = {0};
    wf_buf_u8(&row, VERSION_IMAGE);
    wf_buf_varint(&row, version->revision);
    wf_buf_varint(&row, (uint64_t)version->creation_ms);
    wf_buf_text(&row, wf_str(version->description));
    struct wf_key key = wf_key_version(engine->partition, head->id,
                                       version->number);
    wf_batch_put_buf(wf_engine_rows(engine), wf_key_str(&key), &row);
    wf_buf_free(&row);
    head->qualifiers->last_seq = engine->next_seq;
    wf_engine_wake(engine);
}

/* An empty text is one that was not given. */
static char *copy_text(struct wf_str text) {
    return text.len ? wf_strndup(text.data, text.len) : NULL;
}

bool wf_version_decode(const struct wf_row *row, struct wf_version *version,
                       struct wf_str *description) {
    struct wf_reader in = {row->value.data, row->value.data + row->value.len,
                           false};
    *version = (struct wf_version){.number = wf_key_u32(row->key, 4)};
    uint8_t image = wf_read_u8(&in);
    version->revision = (uint32_t)wf_read_varint(&in);
    version->creation_ms = (int64_t)wf_read_varint(&in);
    *description = wf_read_text(&in);
    return !in.bad && image == VERSION_IMAGE;
}

static void take_version(struct wf_qualifiers *qualifiers,
                         const struct wf_row *row) {
    struct wf_version version;
    struct wf_str description;
    if (!wf_version_decode(row, &version, &description))
        return;
    version.description = copy_text(description);
    INSERT(qualifiers->versions, qualifiers->version_count,
           qualifiers->version_cap, qualifiers->version_count, version);
}

struct wf_version *wf_version_add(struct wf_engine *engine,
                                  struct wf_machine_head *head,
                                  struct wf_str description) {
    struct wf_qualifiers *all = head->qualifiers;
    struct wf_version version = {
        .number = ++head->last_version,
        .revision = head->revision,
        .creation_ms = wf_clock_now_ms(engine->clock),
        .description = copy_text(description),
    };
    INSERT(all->versions, all->version_count, all->version_cap,
           all->version_count, version);
    put_version(engine, head, &version);
    wf_machine_head_put(engine, head);
    return &all->versions[all->version_count - 1];
}

void wf_version_remove(struct wf_engine *engine,
                       struct wf_machine_head *head, uint32_t number) {
    struct wf_qualifiers *all = head->qualifiers;
    struct wf_version *version = wf_version_find(head, number);
    if (!version)
        return;
    free_version(version);
    size_t at = (size_t)(version - all->versions);
    REMOVE(all->versions, all->version_count, at);
    struct wf_key key = wf_key_version(engine->partition, head->id, number);
    wf_batch_delete(wf_engine_rows(engine), wf_key_str(&key));
    all->last_seq = engine->next_seq;
    wf_engine_wake(engine);
}

char *wf_version_arn(struct wf_engine *engine, struct wf_str name,
                     uint32_t number) {
    char end[16];
    snprintf(end, sizeof(end), ":%u", (unsigned)number);
    return wf_machine_arn(engine, "stateMachine", name, end);
}

/* ---- aliases ---- */

static int compare(struct wf_str a, struct wf_str b) {
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.data, b.data, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static size_t alias_at(const struct wf_qualifiers *qualifiers,
                       struct wf_str name) {
    size_t low = 0, high = qualifiers->alias_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(wf_str(qualifiers->aliases[middle].name), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct wf_alias *wf_alias_find(const struct wf_machine_head *head,
                               struct wf_str name) {
    struct wf_qualifiers *all = head->qualifiers;
    size_t at = alias_at(all, name);
    return at < all->alias_count &&
                   wf_str_eq(wf_str(all->aliases[at].name), name)
               ? &all->aliases[at]
               : NULL;
}

bool wf_alias_has_room(const struct wf_engine *engine,
                       const struct wf_machine_head *head) {
    uint32_t most = engine->options.profile->aliases;
    return most == 0 || head->qualifiers->alias_count < most;
}

struct wf_alias *wf_alias_add(struct wf_machine_head *head,
                              struct wf_str name) {
    struct wf_qualifiers *all = head->qualifiers;
    struct wf_alias alias = {.name = wf_strndup(name.data, name.len)};
    size_t at = alias_at(all, name);
    INSERT(all->aliases, all->alias_count, all->alias_cap, at, alias);
    return &all->aliases[at];
}

/* I row: version:1 creation_ms update_ms description count:1, so many times
 * version weight. */
void wf_alias_put(struct wf_engine *engine, struct wf_machine_head *head,
                  const struct wf_alias *alias) {
    struct wf_buf row = {0};
    wf_buf_u8(&row, ALIAS_IMAGE);
    wf_buf_varint(&row, (uint64_t)alias->creation_ms);
    wf_buf_varint(&row, (uint64_t)alias->update_ms);
    wf_buf_text(&row, wf_str(alias->description));
    wf_buf_u8(&row, (uint8_t)alias->route_count);
    for (unsigned i = 0; i < alias->route_count; i++) {
        wf_buf_varint(&row, alias->routes[i].version);
        wf_buf_varint(&row, alias->routes[i].weight);
    }
    struct wf_key key = wf_key_alias(engine->partition, head->id,
                                     wf_str(alias->name));
    wf_batch_put_buf(wf_engine_rows(engine), wf_key_str(&key), &row);
    wf_buf_free(&row);
    head->qualifiers->last_seq = engine->next_seq;
    wf_engine_wake(engine);
}

#define BEFORE_NAME 7 /* partition, letter, machine */

bool wf_alias_decode(const struct wf_row *row, struct wf_alias *alias,
                     struct wf_str *description) {
    struct wf_reader in = {row->value.data, row->value.data + row->value.len,
                           false};
    *alias = (struct wf_alias){0};
    uint8_t image = wf_read_u8(&in);
    alias->creation_ms = (int64_t)wf_read_varint(&in);
    alias->update_ms = (int64_t)wf_read_varint(&in);
    *description = wf_read_text(&in);
    alias->route_count = wf_read_u8(&in);
    for (unsigned i = 0; i < alias->route_count && i < WF_ROUTES_MAX; i++) {
        alias->routes[i].version = (uint32_t)wf_read_varint(&in);
        alias->routes[i].weight = (unsigned)wf_read_varint(&in);
    }
    return !in.bad && image == ALIAS_IMAGE && row->key.len > BEFORE_NAME &&
           alias->route_count > 0 && alias->route_count <= WF_ROUTES_MAX;
}

static void take_alias(struct wf_qualifiers *qualifiers,
                       const struct wf_row *row) {
    struct wf_alias alias;
    struct wf_str description;
    if (!wf_alias_decode(row, &alias, &description))
        return;
    alias.name = wf_strndup(row->key.data + BEFORE_NAME,
                            row->key.len - BEFORE_NAME);
    alias.description = copy_text(description);
    INSERT(qualifiers->aliases, qualifiers->alias_count,
           qualifiers->alias_cap, qualifiers->alias_count, alias);
}

void wf_alias_remove(struct wf_engine *engine, struct wf_machine_head *head,
                     struct wf_str name) {
    struct wf_qualifiers *all = head->qualifiers;
    struct wf_alias *alias = wf_alias_find(head, name);
    if (!alias)
        return;
    struct wf_key key = wf_key_alias(engine->partition, head->id, name);
    wf_batch_delete(wf_engine_rows(engine), wf_key_str(&key));
    free_alias(alias);
    size_t at = (size_t)(alias - all->aliases);
    REMOVE(all->aliases, all->alias_count, at);
    all->last_seq = engine->next_seq;
    wf_engine_wake(engine);
}

bool wf_alias_leads_to(const struct wf_alias *alias, uint32_t version) {
    for (unsigned i = 0; i < alias->route_count; i++)
        if (alias->routes[i].version == version)
            return true;
    return false;
}

/* ---- all of a state machine's ---- */

void wf_qualifiers_clear(struct wf_engine *engine,
                         struct wf_machine_head *head) {
    struct wf_key first = wf_key_version(engine->partition, head->id, 0);
    struct wf_key end = wf_key_version(engine->partition, head->id + 1, 0);
    struct wf_batch *rows = wf_engine_rows(engine);
    wf_batch_delete_range(rows, wf_key_str(&first), wf_key_str(&end),
                          UINT_MAX);
    first = wf_key_alias(engine->partition, head->id, WF_STR_NULL);
    end = wf_key_alias(engine->partition, head->id + 1, WF_STR_NULL);
    wf_batch_delete_range(rows, wf_key_str(&first), wf_key_str(&end),
                          UINT_MAX);
    wf_qualifiers_add(engine, head);
    struct wf_qualifiers *all = head->qualifiers;
    while (all->version_count > 0)
        free_version(&all->versions[--all->version_count]);
    while (all->alias_count > 0)
        free_alias(&all->aliases[--all->alias_count]);
    all->last_seq = engine->next_seq;
    wf_engine_wake(engine);
}

/* ---- reading ---- */

struct qualifiers_call {
    struct wf_engine *engine;
    struct wf_machine_head *head;
    struct wf_qualifiers *read;
    struct wf_buf resume; /* key to go on behind; empty: from the first */
    bool is_at_aliases;
    wf_machine_head_fn *found;
    void *arg;
};

static void drop(void *memory) {
    struct qualifiers_call *call = memory;
    wf_qualifiers_free(call->read);
    wf_buf_free(&call->resume);
}

static void scan(struct qualifiers_call *call);

/* Who was faster knows better. */
static void all_read(struct qualifiers_call *call) {
    struct wf_machine_head *head = call->head;
    head->qualifier_reads--;
    if (!head->qualifiers) {
        install(call->engine, head, call->read);
        call->read = NULL;
    }
    call->found(call->arg, head);
    wf_call_free(call);
}

static void rows_read(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct qualifiers_call *call = arg;
    call->engine->loads--;
    if (wf_engine_read_failed(call->engine, err))
        return;
    for (size_t i = 0; i < count; i++) {
        if (call->is_at_aliases)
            take_alias(call->read, &rows[i]);
        else
            take_version(call->read, &rows[i]);
    }
    call->resume.len = 0;
    if (more && count > 0) {
        wf_buf_addstr(&call->resume, rows[count - 1].key);
        wf_buf_u8(&call->resume, 0);
    } else if (call->is_at_aliases) {
        all_read(call);
        return;
    } else {
        call->is_at_aliases = true;
    }
    scan(call);
}

static void scan(struct qualifiers_call *call) {
    struct wf_engine *engine = call->engine;
    uint32_t id = call->head->id;
    struct wf_key from, to;
    if (call->is_at_aliases) {
        from = wf_key_alias(engine->partition, id, WF_STR_NULL);
        to = wf_key_alias(engine->partition, id + 1, WF_STR_NULL);
    } else {
        from = wf_key_version(engine->partition, id, 0);
        to = wf_key_version(engine->partition, id + 1, 0);
    }
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .max_rows = SCAN_ROWS};
    if (call->resume.len)
        range.from = (struct wf_str){call->resume.data, call->resume.len};
    engine->loads++;
    wf_store_scan(engine->store, &range, rows_read, call);
}

static void settled(void *arg) {
    struct qualifiers_call *call = arg;
    struct wf_machine_head *head = call->head;
    if (head->status == WF_STATE_MACHINE_DELETED || head->qualifiers) {
        bool is_there = head->status != WF_STATE_MACHINE_DELETED;
        call->found(call->arg, is_there ? head : NULL);
        wf_call_free(call);
        return;
    }
    head->qualifier_reads++;
    call->read = wf_calloc(1, sizeof(*call->read));
    scan(call);
}

static void head_found(void *arg, struct wf_machine_head *head) {
    struct qualifiers_call *call = arg;
    call->head = head;
    if (head) {
        wf_machine_settle(call->engine, head, settled, call);
        return;
    }
    call->found(call->arg, NULL);
    wf_call_free(call);
}

void wf_qualifiers_by_name(struct wf_engine *engine, struct wf_str name,
                           wf_machine_head_fn *found, void *arg) {
    struct wf_machine_head *head = wf_machine_head_find(engine, name);
    if (head && head->status == WF_STATE_MACHINE_ACTIVE &&
        head->qualifiers) {
        renew(engine, head);
        found(arg, head);
        return;
    }
    struct qualifiers_call *call = wf_call_new(engine, sizeof(*call), drop);
    *call = (struct qualifiers_call){
        .engine = engine, .found = found, .arg = arg};
    wf_machine_head_by_name(engine, name, head_found, call);
}
