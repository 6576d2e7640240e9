/* notification_event.c - see notification_event.h. */
#include "notification_event.h"

#include <openssl/sha.h>
#include <stdio.h>

#include "clock.h"
#include "json_write.h"

enum { IS_CHILD = 1 };

/* ---- rows ---- */

void wf_notification_encode(const struct wf_notification_row *row,
                            struct wf_buf *out) {
    const struct wf_notification *what = &row->what;

    wf_buf_u8(out, WF_NOTIFICATION_VERSION);
    wf_buf_u8(out, what->is_child ? IS_CHILD : 0);
    wf_buf_varint(out, row->attempts);
    wf_buf_varint(out, (uint64_t)row->first_ms);
    wf_buf_text(out, row->reason);
    wf_buf_varint(out, what->execution);
    wf_buf_varint(out, what->machine);
    wf_buf_varint(out, what->revision);
    wf_buf_varint(out, (uint64_t)what->status);
    wf_buf_varint(out, (uint64_t)what->time_ms);
    wf_buf_varint(out, (uint64_t)what->start_ms);
    wf_buf_varint(out, (uint64_t)what->stop_ms);
    wf_buf_varint(out, what->input);
    wf_buf_varint(out, what->output);
    wf_buf_varint(out, what->redrive_count);
    wf_buf_varint(out, (uint64_t)what->redrive_ms);
    wf_buf_varint(out, what->version);
    wf_buf_text(out, what->alias);
    wf_buf_text(out, what->name);
    wf_buf_text(out, what->error);
    wf_buf_text(out, what->cause);
    wf_buf_text(out, what->arn);
    wf_buf_text(out, what->machine_arn);
    wf_buf_text(out, what->base_arn);
    wf_buf_text(out, what->image);
}

bool wf_notification_decode(struct wf_str bytes,
                            struct wf_notification_row *row) {
    struct wf_reader in = {bytes.data, bytes.data + bytes.len, false};
    struct wf_notification *what = &row->what;

    *row = (struct wf_notification_row){0};
    if (wf_read_u8(&in) != WF_NOTIFICATION_VERSION)
        return false;
    what->is_child = (wf_read_u8(&in) & IS_CHILD) != 0;
    row->attempts = (unsigned)wf_read_varint(&in);
    row->first_ms = (int64_t)wf_read_varint(&in);
    row->reason = wf_read_text(&in);
    what->execution = wf_read_varint(&in);
    what->machine = (uint32_t)wf_read_varint(&in);
    what->revision = (uint32_t)wf_read_varint(&in);
    what->status = (enum wf_execution_status)wf_read_varint(&in);
    what->time_ms = (int64_t)wf_read_varint(&in);
    what->start_ms = (int64_t)wf_read_varint(&in);
    what->stop_ms = (int64_t)wf_read_varint(&in);
    what->input = wf_read_varint(&in);
    what->output = wf_read_varint(&in);
    what->redrive_count = (uint32_t)wf_read_varint(&in);
    what->redrive_ms = (int64_t)wf_read_varint(&in);
    what->version = (uint32_t)wf_read_varint(&in);
    what->alias = wf_read_text(&in);
    what->name = wf_read_text(&in);
    what->error = wf_read_text(&in);
    what->cause = wf_read_text(&in);
    what->arn = wf_read_text(&in);
    what->machine_arn = wf_read_text(&in);
    what->base_arn = wf_read_text(&in);
    what->image = wf_read_text(&in);
    return !in.bad && wf_execution_status_name(what->status);
}

/* ---- events ---- */

void wf_notification_id(const struct wf_notification *what,
                        struct wf_str region, struct wf_str account,
                        char id[WF_NOTIFICATION_ID]) {
    unsigned char hash[SHA256_DIGEST_LENGTH];
    struct wf_buf text = {0};

    wf_buf_text(&text, region);
    wf_buf_text(&text, account);
    wf_buf_text(&text, what->name);
    wf_buf_varint(&text, what->execution);
    wf_buf_varint(&text, what->machine);
    wf_buf_varint(&text, what->redrive_count);
    wf_buf_varint(&text, (uint64_t)what->status);
    SHA256((const unsigned char *)text.data, text.len, hash);
    wf_buf_free(&text);
    hash[6] = (unsigned char)((hash[6] & 0x0f) | 0x80);
    hash[8] = (unsigned char)((hash[8] & 0x3f) | 0x80);
    for (unsigned i = 0, at = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            id[at++] = '-';
        snprintf(id + at, 3, "%02x", hash[i]);
        at += 2;
    }
}

static void text_or_null(struct wf_buf *out, const char *key,
                         struct wf_str text) {
    if (text.len)
        wf_json_text(out, key, text);
    else
        wf_json_raw(out, key, "null");
}

static void time_or_null(struct wf_buf *out, const char *key, int64_t ms) {
    if (ms)
        wf_json_integer(out, key, ms);
    else
        wf_json_raw(out, key, "null");
}

/* Behind a state machine's ARN. */
static void put_qualified(struct wf_buf *out, const char *key,
                          struct wf_str machine_arn, struct wf_str qualifier) {
    struct wf_buf arn = {0};

    if (qualifier.len) {
        wf_buf_addstr(&arn, machine_arn);
        wf_buf_u8(&arn, ':');
        wf_buf_addstr(&arn, qualifier);
    }
    text_or_null(out, key, (struct wf_str){arn.data, arn.len});
    wf_buf_free(&arn);
}

static const char *refusal_of(const struct wf_notification *what) {
    switch (what->status) {
    case WF_EXECUTION_RUNNING:
        return "Execution is RUNNING and cannot be redriven";
    case WF_EXECUTION_SUCCEEDED:
        return "Execution is SUCCEEDED and cannot be redriven";
    default:
        return NULL;
    }
}

static void put_redrives(const struct wf_notification *what,
                         struct wf_buf *out) {
    const char *refusal = refusal_of(what);

    wf_json_integer(out, "redriveCount", what->redrive_count);
    time_or_null(out, "redriveDate", what->redrive_ms);
    wf_json_text(out, "redriveStatus",
                 refusal          ? WF_STR("NOT_REDRIVABLE")
                 : what->is_child ? WF_STR("REDRIVABLE_BY_MAP_RUN")
                                  : WF_STR("REDRIVABLE"));
    text_or_null(out, "redriveStatusReason", wf_str(refusal));
}

/* `quoted`: as it stands in JSON, its quotes included; empty: not at all. */
static void put_data(struct wf_buf *out, const char *key,
                     const char *details_key, bool has_one,
                     const struct wf_buf *quoted) {
    wf_json_key(out, key);
    if (quoted->len)
        wf_buf_add(out, quoted->data, quoted->len);
    else
        wf_buf_adds(out, "null");
    wf_json_raw(out, details_key,
                quoted->len ? "{\"included\":true}"
                : has_one   ? "{\"included\":false}"
                            : "null");
}

static void quote(struct wf_str text, size_t room, struct wf_buf *quoted) {
    if (!text.data || text.len > room)
        return;
    wf_buf_json(quoted, text);
    if (quoted->len > room + 2)
        quoted->len = 0;
}

/* The output has precedence, as at AWS. */
static void put_documents(const struct wf_notification *what,
                          const struct wf_notification_data *data,
                          struct wf_buf *out) {
    struct wf_buf input = {0}, output = {0};

    quote(data->output, WF_NOTIFICATION_DATA_BYTES, &output);
    quote(data->input, WF_NOTIFICATION_DATA_BYTES - output.len, &input);
    put_data(out, "input", "inputDetails", what->input != 0, &input);
    put_data(out, "output", "outputDetails", what->output != 0, &output);
    wf_buf_free(&input);
    wf_buf_free(&output);
}

static void put_detail(const struct wf_notification *what,
                       const struct wf_notification_data *data,
                       struct wf_buf *out) {
    char version[16] = "";

    if (what->version)
        snprintf(version, sizeof(version), "%u", (unsigned)what->version);
    wf_json_key(out, "detail");
    wf_buf_u8(out, '{');
    wf_json_text(out, "executionArn", what->arn);
    wf_json_text(out, "stateMachineArn", what->machine_arn);
    put_qualified(out, "stateMachineVersionArn", what->base_arn,
                  wf_str(version));
    put_qualified(out, "stateMachineAliasArn", what->base_arn, what->alias);
    wf_json_text(out, "name", what->name);
    wf_json_text(out, "status",
                 wf_str(wf_execution_status_name(what->status)));
    wf_json_integer(out, "startDate", what->start_ms);
    time_or_null(out, "stopDate", what->stop_ms);
    put_documents(what, data, out);
    text_or_null(out, "error", what->error);
    text_or_null(out, "cause", what->cause);
    put_redrives(what, out);
    wf_buf_u8(out, '}');
}

void wf_notification_json(const struct wf_notification *what,
                          struct wf_str region, struct wf_str account,
                          const struct wf_notification_data *data,
                          struct wf_buf *out) {
    char id[WF_NOTIFICATION_ID], time[25];

    wf_notification_id(what, region, account, id);
    wf_clock_iso(what->time_ms, time);
    memcpy(time + 19, "Z", 2); /* whole seconds */
    wf_buf_u8(out, '{');
    wf_json_text(out, "version", WF_STR("0"));
    wf_json_text(out, "id", wf_str(id));
    wf_json_text(out, "detail-type",
                 WF_STR("Step Functions Execution Status Change"));
    wf_json_text(out, "source", WF_STR("aws.states"));
    wf_json_text(out, "account", account);
    wf_json_text(out, "time", wf_str(time));
    wf_json_text(out, "region", region);
    wf_json_key(out, "resources");
    wf_buf_u8(out, '[');
    wf_buf_json(out, what->arn);
    wf_buf_u8(out, ']');
    put_detail(what, data, out);
    wf_buf_u8(out, '}');
}
