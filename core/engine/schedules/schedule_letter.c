/* schedule_letter.c - the dead letter of a slot whose start has failed for
 * good: what SQS is to be asked, and its row. See schedule_impl.h.
 *
 * The message is EventBridge Scheduler's: the body is the target's Input, and
 * attributes say what has failed. */
#include <stdio.h>

#include "schedule_impl.h"

#define VERSION 1
#define SHOWN_BYTES 1024
/* A message has 256 KiB, attributes among them. */
#define BODY_BYTES (((size_t)256 << 10) - ((size_t)8 << 10))

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data ? buf->data : "", buf->len};
}

void wf_schedule_letter_encode(const struct wf_schedule_letter *letter,
                               struct wf_buf *out) {
    wf_buf_u8(out, VERSION);
    wf_buf_varint(out, letter->attempts);
    wf_buf_signed(out, letter->first_ms);
    wf_buf_text(out, letter->schedule);
    wf_buf_text(out, letter->queue);
    wf_buf_text(out, letter->request);
}

bool wf_schedule_letter_decode(struct wf_str row,
                               struct wf_schedule_letter *letter) {
    struct wf_reader in = {row.data, row.data + row.len, false};
    if (wf_read_u8(&in) != VERSION)
        return false;
    letter->attempts = (uint32_t)wf_read_varint(&in);
    letter->first_ms = wf_read_signed(&in);
    letter->schedule = wf_read_text(&in);
    letter->queue = wf_read_text(&in);
    letter->request = wf_read_text(&in);
    return !in.bad && in.at == in.end;
}

/* ---- the message ---- */

/* The part of an ARN between colons. */
static struct wf_str part_of(struct wf_str arn, unsigned number) {
    const char *at = arn.data, *end = arn.data + arn.len;
    const char *colon;
    while ((colon = memchr(at, ':', (size_t)(end - at))) && number-- > 0)
        at = colon + 1;
    return (struct wf_str){at, (size_t)((colon ? colon : end) - at)};
}

/* As SQS makes them. */
static void add_url(struct wf_str queue, struct wf_buf *out) {
    struct wf_str region = part_of(queue, 3), account = part_of(queue, 4);
    struct wf_str name = part_of(queue, 5);
    struct wf_buf url = {0};
    wf_buf_adds(&url, "https://sqs.");
    wf_buf_addstr(&url, region);
    wf_buf_adds(&url, ".amazonaws.com");
    if (wf_str_eq(part_of(queue, 1), WF_STR("aws-cn")))
        wf_buf_adds(&url, ".cn");
    wf_buf_u8(&url, '/');
    wf_buf_addstr(&url, account);
    wf_buf_u8(&url, '/');
    wf_buf_addstr(&url, name);
    wf_buf_json(out, text_of(&url));
    wf_buf_free(&url);
}

static void add_attribute(struct wf_buf *out, const char *name,
                          struct wf_str value) {
    if (value.len == 0)
        return; /* SQS takes no empty ones */
    if (out->data[out->len - 1] != '{')
        wf_buf_u8(out, ',');
    wf_buf_addf(out, "\"%s\":{\"DataType\":\"String\",\"StringValue\":",
                name);
    wf_buf_json(out, value);
    wf_buf_u8(out, '}');
}

static void add_attributes(const struct wf_firing *firing,
                           const struct wf_schedule_death *death,
                           struct wf_str schedule, bool is_cut,
                           struct wf_buf *out) {
    const struct wf_schedule_call *call = &firing->call;
    char id[17], attempts[16], iso[25];
    snprintf(id, sizeof(id), "%016llx", (unsigned long long)call->id);
    snprintf(attempts, sizeof(attempts), "%u", death->attempts - 1);
    wf_clock_iso(firing->slot_ms, iso);
    iso[19] = 'Z';
    iso[20] = 0;
    wf_buf_u8(out, '{');
    add_attribute(out, "ERROR_CODE", wf_str(death->exception));
    add_attribute(out, "ERROR_MESSAGE",
                  wf_str_clip(death->message, SHOWN_BYTES));
    add_attribute(out, "EXECUTION_ID", wf_str(id));
    add_attribute(out, "EXHAUSTED_RETRY_CONDITION",
                  wf_str(death->exhausted));
    add_attribute(out, "IS_PAYLOAD_TRUNCATED",
                  wf_str(is_cut ? "true" : "false"));
    add_attribute(out, "RETRY_ATTEMPTS", wf_str(attempts));
    add_attribute(out, "SCHEDULED_TIME", wf_str(iso));
    add_attribute(out, "SCHEDULE_ARN", schedule);
    add_attribute(out, "TARGET_ARN", text_of(&call->target));
    wf_buf_u8(out, '}');
}

static void add_request(const struct wf_firing *firing,
                        const struct wf_schedule_death *death,
                        struct wf_str schedule, struct wf_buf *out) {
    const struct wf_schedule_call *call = &firing->call;
    struct wf_str body = text_of(call->asked.len ? &call->asked
                                                 : &call->input);
    struct wf_str shown = wf_str_clip(body, BODY_BYTES);
    wf_buf_adds(out, "{\"QueueUrl\":");
    add_url(text_of(&call->dead_letters), out);
    wf_buf_adds(out, ",\"MessageBody\":");
    wf_buf_json(out, shown.len ? shown : WF_STR("{}"));
    wf_buf_adds(out, ",\"MessageAttributes\":");
    add_attributes(firing, death, schedule, shown.len < body.len, out);
    wf_buf_u8(out, '}');
}

void wf_firing_bury(struct wf_firing *firing,
                    const struct wf_schedule_death *death) {
    struct wf_engine *engine = firing->turn.engine;
    struct wf_buf arn = {0}, request = {0}, row = {0};
    int64_t now = wf_clock_now_ms(engine->clock);
    if (!firing->call.dead_letters.len)
        return;
    wf_schedule_arn(engine, firing->turn.schedule.group,
                    firing->turn.schedule.name, &arn);
    add_request(firing, death, text_of(&arn), &request);
    struct wf_schedule_letter letter = {
        .first_ms = now,
        .schedule = text_of(&arn),
        .queue = text_of(&firing->call.dead_letters),
        .request = text_of(&request),
    };
    wf_schedule_letter_encode(&letter, &row);
    struct wf_key key = wf_key_schedule_letter(engine->partition, now,
                                               firing->call.id);
    wf_batch_put(wf_engine_rows(engine), wf_key_str(&key), text_of(&row));
    firing->letter_ms = now;
    wf_buf_free(&arn);
    wf_buf_free(&request);
    wf_buf_free(&row);
}
