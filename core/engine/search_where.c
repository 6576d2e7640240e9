/*
 * search_where.c - the condition of a search: what is found without it is
 * described, and a thread says of which the condition is true.
 *
 * The condition is that of a Choice state, asked as any other: with the limits
 * that decisions have on threads. A page asks about so many executions, so
 * many bytes and for so long, but about one at least.
 */
#include <stdlib.h>

#include "json_write.h"
#include "search_impl.h"

#define BATCH 64
#define BATCH_BYTES ((size_t)1 << 20)
#define MOST_ASKED 1000
#define MOST_BYTES ((size_t)16 << 20)
#define PAGE_NS UINT64_C(2000000000)
#define JOB_NS UINT64_C(1000000000)

static const char CHOSEN[] = "Y";

void wf_condition_free(struct wf_condition *condition) {
    wf_buf_free(&condition->definition);
    wf_buf_free(&condition->records);
    wf_buf_free(&condition->refusal);
    wf_buf_free(&condition->cause);
    free(condition->ends);
    free(condition->answers);
}

/* ---- on a thread ---- */

struct asking {
    struct wf_script *script;
    struct wf_script_machine *machine;
    struct wf_script_summary summary;
    struct wf_condition *condition;
};

static bool compile(struct asking *asking) {
    struct wf_condition *condition = asking->condition;
    struct wf_error err = {0};
    struct wf_str text = {condition->definition.data,
                          condition->definition.len};
    struct wf_doc *doc = wf_doc_parse(text, NULL, &err);
    bool compiles =
        doc && wf_script_compile(asking->script, doc, &asking->machine,
                                 &asking->summary, &condition->refusal,
                                 &err) == 0;
    if (!compiles && condition->refusal.len == 0)
        wf_buf_adds(&condition->refusal, err.message);
    wf_doc_unref(doc);
    return compiles;
}

static void note(struct wf_condition *condition, struct wf_str cause) {
    if (condition->errors++ == 0)
        wf_buf_addstr(&condition->cause, cause);
}

static char ask_of(struct asking *asking, struct wf_str record) {
    struct wf_condition *condition = asking->condition;
    struct wf_error err;
    struct wf_doc *doc = wf_doc_parse(record, NULL, &err);
    struct wf_decision decision = {0};
    char answer = '!';
    if (!doc) {
        note(condition, wf_str(err.message));
        return answer;
    }
    const struct wf_script_context context = {.execution_input = doc,
                                              .state_name = WF_STR("W")};
    const struct wf_script_call call = {
        .machine = asking->machine,
        .state = asking->summary.start,
        .event = WF_SCRIPT_ENTER,
        .input = doc,
        .context = &context,
        .stop = &condition->job.job.cancelled,
    };
    wf_script_decide(asking->script, &call, &decision);
    if (decision.kind == WF_DECISION_EXIT && !decision.is_end &&
        decision.next < asking->summary.state_count)
        answer = wf_str_eq(asking->summary.states[decision.next].name,
                           wf_str(CHOSEN))
                     ? '+'
                     : '-';
    else
        note(condition, decision.failure.cause.len ? decision.failure.cause
                                                   : decision.failure.error);
    wf_decision_free(&decision);
    wf_doc_unref(doc);
    return answer;
}

static void work(struct wf_script_job *job, struct wf_script *script) {
    struct wf_condition *condition =
        WF_ENTRY(job, struct wf_condition, job);
    struct asking asking = {.script = script, .condition = condition};
    uint64_t deadline_ns = wf_clock_mono_ns() + JOB_NS;
    size_t from = 0;
    if (!script) {
        wf_buf_adds(&condition->refusal, job->err.message);
        return;
    }
    if (!compile(&asking))
        return;
    while (condition->answered < condition->count &&
           (condition->answered == 0 || wf_clock_mono_ns() < deadline_ns)) {
        size_t i = condition->answered++;
        struct wf_str record = {condition->records.data + from,
                                condition->ends[i] - from};
        condition->answers[i] = ask_of(&asking, record);
        from = condition->ends[i];
    }
    wf_script_machine_free(script, asking.machine);
}

/* ---- batches ---- */

static void next_batch(struct wf_search *search);
static void describe_next(struct wf_search *search);

static void end_at(struct wf_search *search, const struct wf_found *last) {
    search->end_ms = last->ms;
    search->end_id = last->id;
    search->is_complete = false;
}

static bool has_asked_enough(const struct wf_search *search) {
    return search->asked_count >= MOST_ASKED ||
           search->asked_bytes >= MOST_BYTES ||
           wf_clock_mono_ns() - search->begun_ns >= PAGE_NS;
}

/* Goes on behind what was answered. */
static void take_answers(struct wf_search *search) {
    struct wf_condition *condition = &search->condition;
    size_t i = 0;
    while (i < condition->answered && search->found.count < search->page) {
        if (condition->answers[i] == '+')
            wf_found_add(&search->found, &search->asked.items[i]);
        i++;
    }
    if (i < condition->count)
        while (search->taken.items[--search->asked_at].id !=
               search->asked.items[i].id)
            ;
}

static void turn(void *arg) {
    struct wf_search *search = arg;
    bool is_full = search->found.count == search->page;
    if (search->asked_at < search->taken.count &&
        (is_full || has_asked_enough(search))) {
        if (search->asked_at > 0)
            end_at(search, &search->taken.items[search->asked_at - 1]);
        wf_search_answer(search);
    } else if (search->asked_at < search->taken.count) {
        next_batch(search);
    } else if (search->is_complete || is_full || has_asked_enough(search) ||
               search->taken.count < BATCH) {
        wf_search_answer(search);
    } else {
        search->asked_at = 0;
        wf_search_gather(search, BATCH, next_batch);
    }
}

static void evaluated(struct wf_script_job *job) {
    struct wf_condition *condition =
        WF_ENTRY(job, struct wf_condition, job);
    struct wf_search *search =
        WF_ENTRY(condition, struct wf_search, condition);
    if (wf_job_is_cancelled(&job->job))
        return; /* the engine closes: it frees the call */
    if (condition->refusal.len) {
        wf_search_refuse(search, "ValidationException",
                         "The condition can't be used: %s",
                         (struct wf_str){condition->refusal.data,
                                         condition->refusal.len});
        return;
    }
    take_answers(search);
    wf_engine_after(search->engine, turn, search);
}

static void evaluate(struct wf_search *search) {
    struct wf_condition *condition = &search->condition;
    condition->answered = 0;
    condition->job = (struct wf_script_job){.work = work, .done = evaluated};
    wf_deciders_submit(search->engine->deciders, &condition->job);
}

/* ---- what the condition is about ---- */

static void put_time(struct wf_buf *out, const char *key, int64_t ms) {
    char text[25];
    wf_clock_iso(ms, text);
    wf_json_text(out, key, wf_str(text));
}

static void put_json(struct wf_buf *out, const char *key,
                     struct wf_str text) {
    if (!text.data)
        return;
    wf_json_key(out, key);
    wf_buf_addstr(out, text);
}

static void put_record(struct wf_buf *out,
                       const struct wf_execution_reply *reply) {
    wf_buf_u8(out, '{');
    wf_json_text(out, "name", reply->name);
    wf_json_text(out, "status",
                 wf_str(wf_execution_status_name(reply->status)));
    put_time(out, "startDate", reply->start_ms);
    if (reply->stop_ms)
        put_time(out, "stopDate", reply->stop_ms);
    put_json(out, "input", reply->input);
    if (reply->status == WF_EXECUTION_SUCCEEDED)
        put_json(out, "output", reply->output);
    if (reply->error.data)
        wf_json_text(out, "error", reply->error);
    if (reply->cause.data)
        wf_json_text(out, "cause", reply->cause);
    wf_buf_u8(out, '}');
}

static void add_record(struct wf_search *search, const struct wf_found *found,
                       const struct wf_execution_reply *reply) {
    struct wf_condition *condition = &search->condition;
    size_t before = condition->records.len;
    if (!condition->ends) {
        condition->ends = wf_calloc(BATCH, sizeof(*condition->ends));
        condition->answers = wf_calloc(BATCH, 1);
    }
    put_record(&condition->records, reply);
    condition->ends[condition->count++] = condition->records.len;
    wf_found_add(&search->asked, found);
    search->asked_count++;
    search->asked_bytes += condition->records.len - before;
}

/* It may have changed since it was found, or been removed. */
static void described(void *arg, const struct wf_refusal *refusal,
                      const struct wf_execution_reply *reply) {
    struct wf_search *search = arg;
    const struct wf_found *found = &search->taken.items[search->asked_at++];
    struct wf_listed *item =
        &search->lists[found->list].lister.items[found->item];
    if (!refusal) {
        item->status = reply->status;
        item->stop_ms = reply->stop_ms;
        if (wf_search_wants(search, item, wf_str(item->name)))
            add_record(search, found, reply);
    }
    describe_next(search);
}

static void describe_next(struct wf_search *search) {
    const struct wf_condition *condition = &search->condition;
    if (search->asked_at == search->taken.count ||
        condition->count == BATCH || condition->records.len >= BATCH_BYTES)
        evaluate(search);
    else
        wf_describe(search->engine,
                    search->taken.items[search->asked_at].id, described,
                    search);
}

static void next_batch(struct wf_search *search) {
    search->condition.count = 0;
    search->condition.records.len = 0;
    search->asked.count = 0;
    describe_next(search);
}

/* ---- the condition itself ---- */

static struct wf_str trim(struct wf_str text) {
    while (text.len && strchr(" \t\r\n", text.data[0])) {
        text.data++;
        text.len--;
    }
    while (text.len && strchr(" \t\r\n", text.data[text.len - 1]))
        text.len--;
    return text;
}

/* Undefined is as good as false, as a member that there is not. */
static void put_jsonata(struct wf_buf *out, struct wf_str expression) {
    struct wf_buf text = {0};
    wf_buf_adds(&text, "{% ($states.input.(");
    wf_buf_addstr(&text, expression);
    wf_buf_adds(&text, "\n)) = true %}");
    wf_buf_adds(out, "\"QueryLanguage\":\"JSONata\",\"Choices\":[{"
                     "\"Condition\":");
    wf_buf_json(out, (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
}

/* False: it is neither. */
static bool put_condition(struct wf_buf *out, struct wf_str where) {
    struct wf_error err;
    struct wf_str text = trim(where);
    if (text.len >= 4 && memcmp(text.data, "{%", 2) == 0 &&
        memcmp(text.data + text.len - 2, "%}", 2) == 0) {
        put_jsonata(out,
                    (struct wf_str){text.data + 2, text.len - 4});
        return true;
    }
    struct wf_doc *doc = wf_doc_parse(text, NULL, &err);
    bool is_rule = doc && wf_value_type((struct wf_value){doc, 0}) ==
                              WF_JSON_OBJECT;
    if (is_rule && wf_doc_nodes(doc)[0].count > 0) {
        wf_buf_adds(out, "\"QueryLanguage\":\"JSONPath\",\"Choices\":[");
        wf_buf_add(out, text.data, text.len - 1);
    }
    is_rule = is_rule && wf_doc_nodes(doc)[0].count > 0;
    wf_doc_unref(doc);
    return is_rule;
}

void wf_search_where(struct wf_search *search) {
    struct wf_buf *out = &search->condition.definition;
    wf_buf_adds(out, "{\"StartAt\":\"W\",\"States\":{\"W\":{"
                     "\"Type\":\"Choice\",");
    if (!put_condition(out, search->ask.where)) {
        wf_search_refuse(search, "ValidationException",
                         "The condition is neither {% JSONata %} nor a rule "
                         "of a Choice state, a JSON object",
                         WF_STR_NULL);
        return;
    }
    wf_buf_addf(out,
                ",\"Next\":\"%s\"}],\"Default\":\"N\"},"
                "\"%s\":{\"Type\":\"Succeed\"},"
                "\"N\":{\"Type\":\"Succeed\"}}}",
                CHOSEN, CHOSEN);
    wf_search_gather(search, BATCH, next_batch);
}
