/*
 * check_tables.c - what belongs to no execution: state machines, revisions,
 * versions, aliases, activities, handlers, schedules, process groups. See
 * check_impl.h.
 */
#include "check_impl.h"

#include <stdlib.h>

#include "bundle.h"
#include "notification_event.h"
#include "qualifiers.h"
#include "schedule_impl.h"

#define BOOT_ID 36 /* at the start of a backup's mark: survivors.c */

/* One table from its first row to its last. */
static void each(struct check *check, char table,
                 void (*one)(struct check *check, const struct wf_row *row)) {
    struct wf_view_cursor *cursor = wf_view_scan(check->view, table);
    struct wf_row row;
    while (check_next(check, cursor, table, &row))
        one(check, &row);
    wf_view_scan_end(cursor);
}

/* ---- state machines ---- */

static void machine_row(struct check *check, const struct wf_row *row) {
    struct wf_machine_head head = {0};
    struct wf_machine_head_texts texts;

    if (!wf_machine_head_decode(row->value, &head, &texts) ||
        head.status < WF_STATE_MACHINE_ACTIVE ||
        head.status > WF_STATE_MACHINE_DELETED) {
        check_wrong(check, row->key, "the state machine does not decode: it "
                    "can't be started, and its executions are not found");
        return;
    }
    if (check->machine_count == check->machine_cap) {
        check->machine_cap = check->machine_cap ? check->machine_cap * 2 : 64;
        check->machines =
            wf_realloc(check->machines,
                       check->machine_cap * sizeof(*check->machines));
    }
    check->machines[check->machine_count++] = (struct check_machine){
        .id = head.id,
        .revision = head.revision,
        .last_version = head.last_version,
        .is_gone = head.status == WF_STATE_MACHINE_DELETED,
        .since = head.since,
    };
    struct wf_key key = wf_key_revision(0, head.id, head.revision);
    if (head.status == WF_STATE_MACHINE_ACTIVE &&
        !check_has(check, &key, NULL))
        check_wrong(check, row->key, "its revision %u is missing: it can't "
                    "be started or described", (unsigned)head.revision);
}

static int compare_machines(const void *a, const void *b) {
    uint32_t left = ((const struct check_machine *)a)->id;
    uint32_t right = ((const struct check_machine *)b)->id;
    return (left > right) - (left < right);
}

const struct check_machine *check_machine(const struct check *check,
                                          uint32_t id) {
    struct check_machine wanted = {.id = id};
    return check->machine_count
               ? bsearch(&wanted, check->machines, check->machine_count,
                         sizeof(wanted), compare_machines)
               : NULL;
}

static void sort_machines(struct check *check) {
    struct check_machine *machines = check->machines;
    if (check->machine_count)
        qsort(machines, check->machine_count, sizeof(*machines),
              compare_machines);
    for (size_t i = 1; i < check->machine_count; i++) {
        struct wf_key key = wf_key_table(0, 'M');
        if (machines[i].id == machines[i - 1].id)
            check_wrong(check, wf_key_str(&key), "two state machines have "
                        "the number %u: they share their executions",
                        (unsigned)machines[i].id);
    }
}

static void revision_row(struct check *check, const struct wf_row *row) {
    uint32_t id = wf_key_u32(row->key, 0), number = wf_key_u32(row->key, 4);
    const struct check_machine *machine = check_machine(check, id);
    struct wf_machine *revision = wf_machine_add(check->engine, id, number);
    struct wf_doc *doc = NULL;

    if (wf_machine_decode(check->engine, revision, row->value))
        doc = wf_doc_parse((struct wf_str){revision->definition.data,
                                           revision->definition.len},
                           NULL, NULL);
    if (!doc)
        check_wrong(check, row->key, "the definition does not decode: what "
                    "runs this revision does not go on");
    else if (!machine || number > machine->revision)
        check_wrong(check, row->key, "a revision of a state machine that "
                    "%s", machine ? "has none of that number yet"
                                  : "is missing: it can't be started");
    wf_doc_unref(doc);
    wf_machine_remove(check->engine, revision);
}

static void version_row(struct check *check, const struct wf_row *row) {
    uint32_t id = wf_key_u32(row->key, 0);
    const struct check_machine *machine = check_machine(check, id);
    struct wf_version version;
    struct wf_str description;

    if (!wf_version_decode(row, &version, &description)) {
        check_wrong(check, row->key, "the version does not decode: it can't "
                    "be started");
        return;
    }
    struct wf_key key = wf_key_revision(0, id, version.revision);
    if (!check_has(check, &key, NULL))
        check_wrong(check, row->key, "it is revision %u, which is missing: "
                    "the version can't be started",
                    (unsigned)version.revision);
    else if (!machine || version.number > machine->last_version)
        check_wrong(check, row->key, "a version of a state machine that %s",
                    machine ? "has published none of that number"
                            : "is missing");
}

static void alias_row(struct check *check, const struct wf_row *row) {
    uint32_t id = wf_key_u32(row->key, 0);
    struct wf_alias alias;
    struct wf_str description;
    unsigned weight = 0;

    if (!wf_alias_decode(row, &alias, &description)) {
        check_wrong(check, row->key, "the alias does not decode: nothing can "
                    "be started by it");
        return;
    }
    for (unsigned i = 0; i < alias.route_count; i++) {
        struct wf_key key = wf_key_version(0, id, alias.routes[i].version);
        weight += alias.routes[i].weight;
        if (!check_has(check, &key, NULL))
            check_wrong(check, row->key, "it leads to version %u, which is "
                        "missing: what is started by the alias is refused",
                        (unsigned)alias.routes[i].version);
    }
    if (weight != 100)
        check_wrong(check, row->key, "its weights are %u percent together",
                    weight);
}

/* ---- activities, handlers, what is left of processes ---- */

static int compare_numbers(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void activity_row(struct check *check, const struct wf_row *row) {
    uint64_t number;
    if (wf_activity_decode(row->value, &number))
        wf_buf_add(&check->activities, &number, sizeof(number));
    else
        check_wrong(check, row->key, "the activity does not decode: its "
                    "workers get no tasks");
}

static void bundle_row(struct check *check, const struct wf_row *row) {
    struct wf_str hash = {row->key.data + 3, row->key.len - 3};
    if (!wf_bundle_is_whole(row->value, hash))
        check_wrong(check, row->key, "the handlers are not those that were "
                    "stored under this hash: tasks of executions that use "
                    "them fail");
}

static void copy_row(struct check *check, const struct wf_row *row) {
    if (row->value.len <= BOOT_ID)
        check_wrong(check, row->key, "the mark does not decode: processes of "
                    "the original may be taken for this store's");
}

static void group_of_processes_row(struct check *check,
                                   const struct wf_row *row) {
    if ((int32_t)wf_key_u32(row->key, 0) <= 1 || row->value.len < 16)
        check_wrong(check, row->key, "this is no process group of a task: it "
                    "is not ended");
}

/* ---- schedules ---- */

static void schedule_row(struct check *check, const struct wf_row *row) {
    struct wf_schedule schedule = {0};
    int64_t ignored;
    if (!wf_schedule_key_read(row->key, false, &schedule, &ignored,
                              &ignored) ||
        !wf_schedule_decode(row->value, &schedule)) {
        check_wrong(check, row->key, "the schedule does not decode: it "
                    "starts nothing");
        return;
    }
    struct wf_key key = wf_key_schedule_group(0, schedule.group);
    if (!check_has(check, &key, NULL) &&
        !wf_str_eq(schedule.group, WF_STR("default")))
        check_wrong(check, row->key, "its group is missing: it can't be "
                    "asked for");
    key = wf_key_schedule_due(0, wf_schedule_due_of(&schedule),
                              schedule.group, schedule.name, 0);
    if (wf_schedule_is_due(&schedule) && !check_match(check, &key, NULL))
        check_wrong(check, row->key, "when it is due is missing: it starts "
                    "nothing until it is changed");
}

static void group_row(struct check *check, const struct wf_row *row) {
    struct wf_schedule_group group = {0};
    if (!wf_schedule_group_decode(row->value, &group))
        check_wrong(check, row->key, "the group does not decode: it can't be "
                    "asked for");
}

/* Of a slot that is tried again its schedule counts how many. */
static void due_row(struct check *check, const struct wf_row *row) {
    struct wf_schedule names = {0}, schedule = {0};
    struct wf_schedule_retry retry;
    int64_t due_ms = 0, slot_ms = 0;
    struct wf_str value;

    if (!wf_schedule_key_read(row->key, true, &names, &due_ms, &slot_ms)) {
        check_wrong(check, row->key, "the key does not decode: nobody finds "
                    "the row");
        return;
    }
    struct wf_key key = wf_key_schedule(0, names.group, names.name);
    if (!check_has(check, &key, &value) ||
        !wf_schedule_decode(value, &schedule))
        check_wrong(check, row->key, "it is of a schedule that is missing: "
                    "nothing is started");
    else if (slot_ms ? !wf_schedule_retry_decode(row->value, &retry)
                     : row->value.len > 0)
        check_wrong(check, row->key, "the row does not decode: the slot may "
                    "not be started");
    else if (!slot_ms && (!wf_schedule_is_due(&schedule) ||
                          wf_schedule_due_of(&schedule) != due_ms))
        check_left(check, row->key); /* who fires it sees that */
}

static void letter_row(struct check *check, const struct wf_row *row) {
    struct wf_schedule_letter letter;

    if (row->key.len != 3 + 1 + 8 + 8)
        check_wrong(check, row->key, "the key does not decode: nobody is "
                    "sent it");
    else if (!wf_schedule_letter_decode(row->value, &letter))
        check_wrong(check, row->key, "the schedule's dead letter does not "
                    "decode: it is dropped");
}

/* Kind, target, 0, number; or a dead letter of a schedule. */
static void notification_row(struct check *check, const struct wf_row *row) {
    struct wf_notification_row notification;
    const char *kind = row->key.data + 3;
    size_t len = row->key.len;

    if (len > 3 && *kind == 's')
        letter_row(check, row);
    else if (len < 3 + 1 + 1 + 1 + 8 || (*kind != 'q' && *kind != 'd') ||
        row->key.data[len - 9] != 0)
        check_wrong(check, row->key, "the key does not decode: nobody is "
                    "told of it");
    else if (!wf_notification_decode(row->value, &notification))
        check_wrong(check, row->key, "the notification does not decode: "
                    "nobody is told of it");
}

void check_tables(struct check *check) {
    each(check, 'M', machine_row);
    sort_machines(check);
    each(check, 'R', revision_row);
    each(check, 'V', version_row);
    each(check, 'I', alias_row);
    each(check, 'A', activity_row);
    if (check->activities.len)
        qsort(check->activities.data,
              check->activities.len / sizeof(uint64_t), sizeof(uint64_t),
              compare_numbers);
    each(check, 'B', bundle_row);
    each(check, 'U', group_row);
    each(check, 'H', schedule_row);
    each(check, 'D', due_row);
    each(check, 'X', group_of_processes_row);
    each(check, 'F', notification_row);
    each(check, 'Y', copy_row);
}
