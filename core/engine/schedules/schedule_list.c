/* schedule_list.c - ListSchedules and ListScheduleGroups: rows in the order
 * of their keys. The token is the last key looked at. See schedule_impl.h. */
#include <stdlib.h>

#include "schedule_impl.h"

#define DEFAULT_PAGE 100
#define SCAN_ROWS 512

struct list {
    struct wf_schedule_request *request;
    struct wf_engine *engine;
    unsigned page;
    bool is_groups;
    struct wf_buf from, to; /* keys */
    struct wf_buf last;     /* looked at */
    struct wf_schedule *schedules;
    struct wf_schedule_group *groups;
    struct wf_buf *memory; /* of each */
    size_t count;
    bool more;
};

static void drop(void *memory) {
    struct list *list = memory;
    for (size_t i = 0; i < list->count; i++)
        wf_buf_free(&list->memory[i]);
    free(list->memory);
    free(list->schedules);
    free(list->groups);
    wf_buf_free(&list->from);
    wf_buf_free(&list->to);
    wf_buf_free(&list->last);
}

/* ---- tokens: a key in hexadecimal digits ---- */

static void put_token(struct wf_buf *out, const struct wf_buf *key) {
    for (size_t i = 2; i < key->len; i++) /* without the partition */
        wf_buf_addf(out, "%02x", (unsigned char)key->data[i]);
}

static int digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* It becomes where the scan begins. False: it is none of this list's. */
static bool take_token(struct list *list, struct wf_str token) {
    struct wf_buf key = {0};
    bool good = token.len % 2 == 0 && token.len / 2 < WF_KEY_MAX - 3;
    wf_buf_add(&key, list->from.data, 2);
    for (size_t i = 0; good && i + 1 < token.len; i += 2) {
        int high = digit(token.data[i]), low = digit(token.data[i + 1]);
        good = high >= 0 && low >= 0;
        if (good)
            wf_buf_u8(&key, (uint8_t)(high << 4 | low));
    }
    wf_buf_u8(&key, 0); /* the next possible key */
    good = good && key.len > 3 && key.data[2] == list->from.data[2];
    wf_buf_free(&list->from);
    list->from = key;
    return good;
}

/* ---- answering ---- */

static void answer(void *arg) {
    struct list *list = arg;
    struct wf_buf token = {0};
    if (list->more)
        put_token(&token, &list->last);
    struct wf_schedule_reply reply = {
        .schedules = list->schedules,
        .groups = list->groups,
        .count = list->count,
        .next_token = {token.data, token.len},
    };
    wf_schedule_answer(list->request, &reply);
    wf_buf_free(&token);
    wf_call_free(list);
}

static bool begins_with(struct wf_str text, struct wf_str begin) {
    return text.len >= begin.len &&
           (begin.len == 0 || memcmp(text.data, begin.data, begin.len) == 0);
}

static void add_group(struct list *list, struct wf_str name,
                      struct wf_str row) {
    struct wf_schedule_group group = {0};
    struct wf_buf *memory = &list->memory[list->count];
    if (!begins_with(name, list->request->ask.prefix))
        return;
    if (!row.data)
        wf_schedule_group_default(list->engine, &group);
    else if (!wf_schedule_group_decode(row, &group))
        return;
    group.name = name;
    wf_buf_reserve(memory, name.len + 1);
    wf_buf_keep(memory, &group.name);
    list->groups[list->count++] = group;
}

static void add_schedule(struct list *list, const struct wf_row *row) {
    struct wf_schedule *schedule = &list->schedules[list->count];
    int state = list->request->ask.state;
    *schedule = (struct wf_schedule){0};
    if (!wf_schedule_key_read(row->key, false, schedule, NULL, NULL) ||
        !wf_schedule_decode(row->value, schedule) ||
        !begins_with(schedule->name, list->request->ask.prefix) ||
        (state && schedule->is_disabled != (state == 2)))
        return;
    wf_schedule_keep(schedule, &list->memory[list->count++]);
}

static void scan(struct list *list);

static void add_row(struct list *list, const struct wf_row *row) {
    if (list->is_groups) {
        struct wf_str name = {row->key.data + 3, row->key.len - 3};
        add_group(list, name, row->value);
    } else {
        add_schedule(list, row);
    }
    list->last.len = 0;
    wf_buf_addstr(&list->last, row->key);
}

static void got_rows(void *arg, const struct wf_row *rows, size_t count,
                     bool more, const struct wf_error *err) {
    struct list *list = arg;
    size_t i = 0;
    list->engine->loads--;
    if (wf_engine_read_failed(list->engine, err))
        return;
    while (i < count && list->count < list->page)
        add_row(list, &rows[i++]);
    list->more = more || i < count;
    if (more && list->count < list->page) {
        list->from.len = 0;
        wf_buf_addstr(&list->from,
                      (struct wf_str){list->last.data, list->last.len});
        wf_buf_u8(&list->from, 0);
        scan(list);
        return;
    }
    wf_engine_after(list->engine, answer, list);
}

static void scan(struct list *list) {
    struct wf_range range = {
        .from = {list->from.data, list->from.len},
        .to = {list->to.data, list->to.len},
        .max_rows = SCAN_ROWS,
    };
    list->engine->loads++;
    wf_store_scan(list->engine->store, &range, got_rows, list);
}

static struct list *list_new(struct wf_schedule_request *request,
                             bool is_groups) {
    struct list *list =
        wf_call_new(request->turn.engine, sizeof(*list), drop);
    list->request = request;
    list->engine = request->turn.engine;
    list->is_groups = is_groups;
    list->page = request->ask.max_results ? request->ask.max_results
                                          : DEFAULT_PAGE;
    list->memory = wf_calloc(list->page, sizeof(*list->memory));
    if (is_groups)
        list->groups = wf_calloc(list->page, sizeof(*list->groups));
    else
        list->schedules = wf_calloc(list->page, sizeof(*list->schedules));
    return list;
}

static void begin(struct list *list, struct wf_key from, struct wf_key to) {
    struct wf_str token = list->request->ask.next_token;
    wf_buf_add(&list->from, from.data, from.len);
    wf_buf_add(&list->to, to.data, to.len);
    if (token.len == 0 || take_token(list, token)) {
        scan(list);
        return;
    }
    wf_schedule_refuse(list->request, "ValidationException",
                       "Invalid NextToken.", WF_STR_NULL);
    wf_call_free(list);
}

/* The end of what begins with a key. */
static struct wf_key end_of(struct wf_key key) {
    key.data[key.len - 1]++;
    return key;
}

static void with_group(void *arg, const struct wf_schedule_group *group) {
    struct wf_schedule_request *request = arg;
    struct wf_engine *engine = request->turn.engine;
    struct wf_str name = request->ask.schedule.group;
    if (!group) {
        wf_schedule_refuse(request, "ResourceNotFoundException",
                           "Schedule group %s does not exist.", name);
        return;
    }
    struct wf_key from = wf_key_schedule(engine->partition, name, WF_STR(""));
    begin(list_new(request, false), from, end_of(from));
}

void wf_schedule_list(struct wf_schedule_request *request) {
    struct wf_engine *engine = request->turn.engine;
    struct wf_str group = request->ask.schedule.group;
    if (group.len)
        wf_schedule_group_read(engine, group, with_group, request);
    else
        begin(list_new(request, false),
              wf_key_table(engine->partition, 'H'),
              wf_key_table_end(engine->partition, 'H'));
}

/* It is there although it has no row: it comes first then. */
static void with_default(void *arg, const struct wf_schedule_group *group) {
    struct wf_schedule_request *request = arg;
    struct wf_engine *engine = request->turn.engine;
    struct list *list = list_new(request, true);
    if (group->is_implied && !request->ask.next_token.len)
        add_group(list, group->name, WF_STR_NULL);
    begin(list, wf_key_table(engine->partition, 'U'),
          wf_key_table_end(engine->partition, 'U'));
}

void wf_schedule_group_list(struct wf_schedule_request *request) {
    wf_schedule_group_read(request->turn.engine, WF_STR(WF_DEFAULT_GROUP),
                           with_default, request);
}
