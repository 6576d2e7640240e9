/*
 * token.c - tokens of tasks, and what comes with them: SendTaskSuccess,
 * SendTaskFailure, SendTaskHeartbeat.
 *
 * A token says whose task it is: execution and frame, the visit of the state
 * and the attempt; and it has a secret of 128 bits, which is kept in the
 * frame. No other record of it exists, so a million tasks that wait cost no
 * more than their frames:
 *
 *   token = execution:16 frame:8 visit:16 attempt:8 secret:32
 *           hexadecimal digits; the visit is the id of *StateEntered
 *
 * The secret is drawn before the state's script is asked, since parameters
 * may show the token, and becomes durable with the task.
 *
 * An answer loads its frame, is noted there, and applied when the frame has
 * its turn (its documents may have to be read first). Several may be noted:
 * the first counts. Nobody hears of it before it is durable, neither who sent
 * it nor who came too late.
 *
 * An answer may come while the task's worker is still busy with handing the
 * token on: the message that carries it was faster than the reply to whoever
 * sent it. The answer waits for the call, so that a history has TaskSubmitted
 * first, as AWS's have; not for long: a worker that does not come back, perhaps
 * since it answers itself and waits for that, is ended as by a timeout. A call
 * that fails after the answer came has done what it was for.
 */
#include <stdlib.h>

#include "activity.h"
#include "engine_impl.h"
#include "json_complaint.h"
#include "refusal.h"

#define TOKEN_DIGITS 80

struct token {
    uint64_t execution, visit;
    uint32_t frame, attempt;
    uint64_t secret[2];
};

/* How long an answer waits for the call that hands its token on. */
#define CALL_MS 1000

enum answer_kind { SUCCESS, FAILURE, HEARTBEAT };

struct wf_answer {
    struct wf_answer *next; /* of the same frame */
    struct wf_link link;    /* in the engine's list of those too late */
    struct wf_engine *engine;
    struct token token;
    enum answer_kind kind;
    struct wf_doc *output;
    char *error, *cause; /* NULL: not given */
    wf_done_fn *reply;
    void *arg;
};

/* ---- tokens ---- */

static char *put_digits(char *at, uint64_t number, int digits) {
    static const char hex[] = "0123456789abcdef";
    while (digits-- > 0)
        *at++ = hex[number >> (4 * digits) & 15];
    return at;
}

struct wf_str wf_task_token_text(const struct wf_frame *frame,
                                 char out[WF_TOKEN_SIZE]) {
    char *at = put_digits(out, frame->execution->id, 16);
    at = put_digits(at, frame->number, 8);
    at = put_digits(at, frame->entered_event, 16);
    at = put_digits(at, frame->retry_count, 8);
    at = put_digits(at, frame->secret[0], 16);
    at = put_digits(at, frame->secret[1], 16);
    *at = 0;
    return (struct wf_str){out, TOKEN_DIGITS};
}

static bool read_digits(const char **at, int digits, uint64_t *number) {
    for (*number = 0; digits-- > 0; ++*at) {
        char c = **at;
        bool is_digit = c >= '0' && c <= '9';
        if (!is_digit && (c < 'a' || c > 'f'))
            return false;
        *number = *number << 4 | (uint64_t)(is_digit ? c - '0' : c - 'a' + 10);
    }
    return true;
}

static bool read_token(struct wf_str text, struct token *token) {
    const char *at = text.data;
    uint64_t frame, attempt;
    if (text.len != TOKEN_DIGITS ||
        !read_digits(&at, 16, &token->execution) ||
        !read_digits(&at, 8, &frame) ||
        !read_digits(&at, 16, &token->visit) ||
        !read_digits(&at, 8, &attempt) ||
        !read_digits(&at, 16, &token->secret[0]) ||
        !read_digits(&at, 16, &token->secret[1]))
        return false;
    token->frame = (uint32_t)frame;
    token->attempt = (uint32_t)attempt;
    return token->frame != WF_FRAME_NONE && token->execution != UINT64_MAX;
}

void wf_task_new_token(struct wf_engine *engine, struct wf_frame *frame) {
    frame->secret[0] = wf_clock_random(engine->clock);
    frame->secret[1] = wf_clock_random(engine->clock);
}

/* ---- replies ---- */

static void drop(void *memory) {
    struct wf_answer *answer = memory;
    wf_doc_unref(answer->output);
    free(answer->error);
    free(answer->cause);
}

static void refuse(struct wf_answer *answer, const char *exception,
                   const char *format, struct wf_str subject) {
    struct wf_refusal_text text = {0};
    answer->reply(answer->arg,
                  wf_refusal_make(&text, exception, format, subject));
    wf_refusal_free(&text);
    wf_call_free(answer);
}

static void is_late(void *arg) {
    refuse(arg, "TaskTimedOut",
           "Task Timed Out: 'Provided task does not exist anymore'",
           WF_STR_NULL);
}

static void is_unknown(void *arg) {
    refuse(arg, "TaskDoesNotExist",
           "Task Does Not Exist: 'Provided task does not exist'",
           WF_STR_NULL);
}

static void is_invalid(void *arg) {
    refuse(arg, "InvalidToken", WF_INVALID_TOKEN, WF_STR_NULL);
}

static void is_accepted(void *arg) {
    struct wf_answer *answer = arg;
    answer->reply(answer->arg, NULL);
    wf_call_free(answer);
}

/* When all that the reply was computed from is durable. */
static void reply_after(struct wf_answer *answer,
                        struct wf_execution *execution,
                        void (*reply)(void *arg)) {
    if (execution)
        wf_execution_after(answer->engine, execution, reply, answer);
    else
        wf_engine_after(answer->engine, reply, answer);
}

void wf_frame_refuse_answers(struct wf_frame *frame) {
    struct wf_answer *answer;
    while ((answer = frame->answers)) {
        frame->answers = answer->next;
        wf_list_append(&answer->engine->late_answers, &answer->link);
    }
}

void wf_tokens_turn(struct wf_engine *engine) {
    struct wf_link *link;
    while ((link = wf_list_shift(&engine->late_answers))) {
        struct wf_answer *answer = WF_ENTRY(link, struct wf_answer, link);
        reply_after(answer,
                    wf_table_by_id(&engine->table, answer->token.execution),
                    is_late);
    }
}

/* ---- the frame's turn ---- */

bool wf_task_answer_waits(const struct wf_frame *frame, int64_t now_ms) {
    return frame->phase == WF_PHASE_TASK && frame->call_due_ms &&
           now_ms < wf_frame_due(frame);
}

void wf_task_answered(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_execution *execution = frame->execution;
    struct wf_answer *answer = frame->answers;
    struct wf_failure failure = {wf_str(answer->error),
                                 wf_str(answer->cause)};
    frame->answers = answer->next;
    answer->next = NULL;
    wf_frame_refuse_answers(frame); /* the others */
    frame->call_due_ms = 0;
    wf_timer_disarm(engine, frame);
    wf_task_record_token_seen(engine, frame);
    if (frame->phase == WF_PHASE_TASK)
        wf_task_abandon(engine, frame);
    frame->is_beating = false;
    frame->called = 0;
    if (answer->kind == SUCCESS)
        wf_task_succeed(engine, frame, answer->output);
    else
        wf_task_fail(engine, frame, &failure);
    wf_execution_after(engine, execution, is_accepted, answer);
}

static void beat(struct wf_engine *engine, struct wf_frame *frame) {
    if (frame->heartbeat_ms == 0)
        return;
    frame->heartbeat_due_ms =
        wf_clock_now_ms(engine->clock) + frame->heartbeat_ms;
    frame->is_beating = true;
    wf_timer_update(engine, frame);
}

void wf_task_beats_again(struct wf_engine *engine, struct wf_frame *frame) {
    int64_t least_ms = engine->opened_ms + frame->heartbeat_ms;
    if (frame->phase == WF_PHASE_TOKEN && frame->heartbeat_due_ms &&
        frame->heartbeat_due_ms < least_ms)
        frame->heartbeat_due_ms = least_ms;
}

/* ---- finding the frame ---- */

/* It has a task that may be answered now: by whoever has the token, not by
 * the end of what it has started. */
static bool is_open(const struct wf_frame *frame) {
    if (wf_frame_is_undecided(frame) || wf_task_is_called(frame))
        return false;
    if (frame->phase == WF_PHASE_TASK)
        return frame->execution->machine->ready &&
               wf_frame_state(frame)->has_token;
    return frame->phase == WF_PHASE_TOKEN &&
           !wf_frame_waits_for_signal(frame);
}

/* In a time that does not depend on where they differ. */
static bool has_secret(const struct wf_frame *frame,
                       const struct token *token) {
    return ((frame->secret[0] ^ token->secret[0]) |
            (frame->secret[1] ^ token->secret[1])) == 0;
}

static void note(struct wf_answer *answer, struct wf_frame *frame) {
    struct wf_answer **at = &frame->answers;
    if (wf_task_is_in_doubt(frame)) /* who else could have the token? */
        wf_task_handed_over(answer->engine, frame);
    if (answer->kind == HEARTBEAT && !frame->answers) {
        beat(answer->engine, frame);
        reply_after(answer, frame->execution, is_accepted);
        return;
    }
    while (*at)
        at = &(*at)->next;
    *at = answer;
    if (frame->phase == WF_PHASE_TASK && frame->call_due_ms == 0) {
        frame->call_due_ms =
            wf_clock_now_ms(answer->engine->clock) + CALL_MS;
        wf_timer_update(answer->engine, frame);
    }
    wf_frame_run(answer->engine, frame);
}

/* Its task may have had other secrets: before a redrive, or since an engine
 * died while it handed the task over. */
static bool had_others(const struct wf_frame *frame) {
    return wf_execution_redrive_count(frame->execution) || frame->activity;
}

/* Ended, or there never was one? */
static void execution_read(void *arg, struct wf_str image) {
    struct wf_answer *answer = arg;
    wf_engine_after(answer->engine, image.data ? is_late : is_unknown,
                    answer);
}

static void look_up(struct wf_answer *answer);

static void machine_there(void *arg, struct wf_machine *machine) {
    (void)machine;
    look_up(arg);
}

/* Its definition tells what may be answered; of an execution that an engine
 * has just found it may be still to be read. */
static bool has_definition(struct wf_answer *answer,
                           const struct wf_execution *execution) {
    struct wf_machine *machine = execution->machine;
    if (machine->ready || machine->broken ||
        execution->status != WF_EXECUTION_RUNNING)
        return true;
    wf_machine_need(answer->engine, machine, machine_there, answer);
    return false;
}

static void frame_there(void *arg, struct wf_execution *execution) {
    struct wf_answer *answer = arg;
    const struct token *token = &answer->token;
    if (!execution) {
        wf_execution_read(answer->engine, token->execution, execution_read,
                          answer);
        return;
    }
    if (!has_definition(answer, execution))
        return;
    struct wf_frame *frame = wf_execution_frame(execution, token->frame);
    if (execution->status != WF_EXECUTION_RUNNING || !frame ||
        !is_open(frame) || wf_frame_is_doomed(frame) ||
        frame->entered_event != token->visit ||
        frame->retry_count != token->attempt)
        reply_after(answer, execution, is_late);
    else if (!has_secret(frame, token))
        reply_after(answer, execution,
                    had_others(frame) ? is_late : is_invalid);
    else
        note(answer, frame);
}

static void look_up(struct wf_answer *answer) {
    wf_frame_load_then(answer->engine, answer->token.execution,
                       answer->token.frame, frame_there, answer);
}

static char *copy_text(struct wf_str text) {
    return text.data ? wf_strndup(text.data, text.len) : NULL;
}

void wf_task_answer(struct wf_engine *engine, struct wf_frame *frame,
                    struct wf_doc *output, const struct wf_failure *failure,
                    wf_done_fn *done, void *arg) {
    struct wf_answer *answer = wf_call_new(engine, sizeof(*answer), drop);
    answer->engine = engine;
    answer->token.execution = frame->execution->id;
    answer->kind = output ? SUCCESS : FAILURE;
    answer->reply = done;
    answer->arg = arg;
    if (output) {
        answer->output = wf_doc_ref(output);
    } else {
        answer->error = copy_text(failure->error);
        answer->cause = copy_text(failure->cause);
    }
    note(answer, frame);
}

/* ---- the operations ---- */

/* NULL: it was refused. */
static struct wf_answer *answer_new(struct wf_engine *engine,
                                    struct wf_str token,
                                    enum answer_kind kind, wf_done_fn *reply,
                                    void *arg) {
    struct wf_answer *answer = wf_call_new(engine, sizeof(*answer), drop);
    answer->engine = engine;
    answer->kind = kind;
    answer->reply = reply;
    answer->arg = arg;
    if (read_token(token, &answer->token))
        return answer;
    is_invalid(answer);
    return NULL;
}

static void refuse_output(struct wf_answer *answer, struct wf_str text,
                          const struct wf_error *err) {
    struct wf_json_complaint complaint = {0};
    struct wf_str why = wf_str(err->message);
    if (text.data && wf_json_complain(text, &complaint))
        why = (struct wf_str){complaint.message.data, complaint.message.len};
    refuse(answer, "InvalidOutput", "Invalid Output: '%s'", why);
    wf_json_complaint_free(&complaint);
}

static void output_parsed(void *arg, struct wf_doc *doc,
                          const struct wf_error *err) {
    struct wf_answer *answer = arg;
    if (doc) {
        answer->output = wf_doc_ref(doc);
        look_up(answer);
    } else if (err) {
        refuse_output(answer, WF_STR_NULL, err);
    } else {
        wf_call_free(answer); /* the engine is being closed */
    }
}

/* A thread parses a large output; the answer waits for it. */
static void parse_elsewhere(struct wf_answer *answer,
                            const struct wf_send_task *ask) {
    struct wf_engine *engine = answer->engine;
    struct wf_parse parse = {
        .limits = {.max_bytes = engine->options.payload_bytes}};
    if (ask->output_buf) {
        parse.text = *ask->output_buf;
        *ask->output_buf = (struct wf_buf){0};
    } else {
        wf_buf_addstr(&parse.text, ask->output);
    }
    wf_evaluator_parse(engine->evaluator, &parse, output_parsed, answer);
}

void wf_engine_send_task_success(struct wf_engine *engine,
                                 const struct wf_send_task *ask,
                                 wf_done_fn *reply, void *arg) {
    struct wf_doc_limits limits = {
        .max_bytes = engine->options.payload_bytes};
    struct wf_error err;
    struct wf_answer *answer =
        answer_new(engine, ask->token, SUCCESS, reply, arg);
    if (!answer)
        return;
    if (ask->output.len > WF_EVALUATE_BYTES &&
        ask->output.len <= limits.max_bytes) {
        parse_elsewhere(answer, ask);
        return;
    }
    answer->output = wf_doc_parse(ask->output, &limits, &err);
    if (answer->output)
        look_up(answer);
    else
        refuse_output(answer, ask->output, &err);
}

void wf_engine_send_task_failure(struct wf_engine *engine,
                                 const struct wf_send_task *ask,
                                 wf_done_fn *reply, void *arg) {
    struct wf_answer *answer =
        answer_new(engine, ask->token, FAILURE, reply, arg);
    if (!answer)
        return;
    answer->error = copy_text(ask->error);
    answer->cause = copy_text(ask->cause);
    look_up(answer);
}

void wf_engine_send_task_heartbeat(struct wf_engine *engine,
                                   struct wf_str token, wf_done_fn *reply,
                                   void *arg) {
    struct wf_answer *answer =
        answer_new(engine, token, HEARTBEAT, reply, arg);
    if (answer)
        look_up(answer);
}
