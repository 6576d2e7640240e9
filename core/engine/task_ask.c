/*
 * task_ask.c - what a worker is asked to do: the function, its input, and
 * the context that handlers see as `task`.
 */
#include "engine_impl.h"
#include "task_news.h"

static const struct wf_state_info *info_of(const struct wf_frame *frame) {
    return &frame->execution->machine->states[frame->state];
}

void wf_task_attempt_key(const struct wf_frame *frame, uint32_t attempt,
                         struct wf_buf *out) {
    wf_buf_addf(out, "%016llx-%x-%llx-%x",
                (unsigned long long)frame->execution->id, frame->number,
                (unsigned long long)frame->entered_event, attempt);
    uint32_t redrives = wf_execution_redrive_count(frame->execution);
    if (redrives) /* it has been tried in that state before */
        wf_buf_addf(out, "-r%x", redrives);
}

static void text_member(struct wf_buf *out, const char *name,
                        struct wf_str text) {
    wf_buf_addf(out, "\"%s\":", name);
    wf_buf_json(out, text);
    wf_buf_u8(out, ',');
}

/* The `task` argument of a handler, as JSON (pool.h). */
static void task_context(const struct wf_frame *frame, struct wf_buf *out) {
    const struct wf_execution *execution = frame->execution;
    struct wf_buf text = {0};
    char token[WF_TOKEN_SIZE];
    wf_buf_u8(out, '{');
    text_member(out, "token", wf_task_token_text(frame, token));
    wf_buf_adds(&text, execution->machine->execution_prefix);
    wf_buf_adds(&text, execution->name);
    text_member(out, "execution", (struct wf_str){text.data, text.len});
    text.len = 0;
    wf_task_attempt_key(frame, frame->retry_count, &text);
    text_member(out, "idempotency_key", (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
    text_member(out, "execution_name", wf_str(execution->name));
    text_member(out, "state", info_of(frame)->name);
    wf_buf_addf(out, "\"attempt\":%u,\"restarted\":%u,\"deadline_ms\":%lld}",
                frame->retry_count + 1, frame->restarted,
                (long long)frame->timeout_due_ms);
}

static bool is_lambda(const struct wf_state_info *info) {
    return wf_str_eq(info->resource_type, WF_STR("lambda"));
}

static bool is_http(const struct wf_state_info *info) {
    return wf_str_eq(info->resource_type, WF_STR("http"));
}

static bool is_handler(const struct wf_state_info *info) {
    return wf_str_eq(info->resource_type, WF_STR("lua"));
}

/* Integrations that no worker sees to. */
static bool is_ours(const struct wf_state_info *info) {
    return wf_str_eq(info->resource_type, WF_STR("states"));
}

bool wf_resource_is_job(const struct wf_state_info *info) {
    static const char pattern[] = ".sync";
    size_t len = sizeof(pattern) - 1;

    return info->scheduled == WF_EVENT_TASK_SCHEDULED && !is_handler(info) &&
           info->resource.len > len &&
           memcmp(info->resource.data + info->resource.len - len, pattern,
                  len) == 0;
}

/* "invoke.waitForTaskToken" runs what "invoke" does. */
static struct wf_str action_of(const struct wf_state_info *info) {
    static const char pattern[] = ".waitForTaskToken";
    struct wf_str action = info->resource;

    if (info->waits_for_token)
        action.len -= sizeof(pattern) - 1;
    return action;
}

bool wf_resource_has_worker(const struct wf_state_info *info) {
    if (is_lambda(info))
        return info->scheduled != WF_EVENT_TASK_SCHEDULED ||
               wf_str_eq(action_of(info), WF_STR("invoke"));
    return info->scheduled == WF_EVENT_TASK_SCHEDULED && !is_ours(info);
}

bool wf_task_has_worker(const struct wf_frame *frame) {
    return wf_resource_has_worker(info_of(frame));
}

void wf_failure_no_worker(struct wf_failure *failure,
                          const struct wf_state_info *info,
                          struct wf_buf *text) {
    text->len = 0;
    wf_buf_addf(text,
                "The resource '%.*s' of type '%.*s' has no worker here: "
                "'lua:module.function' runs a handler of the handler "
                "directories, as Lambda functions and lambda:invoke do",
                (int)info->resource.len, info->resource.data,
                (int)info->resource_type.len, info->resource_type.data);
    failure->error = WF_STR("States.TaskFailed");
    failure->cause = (struct wf_str){text->data, text->len};
}

/* Histories name an integration by its service, all others in full. */
struct wf_str wf_resource_name_in_causes(const struct wf_state_info *info) {
    bool named = info->scheduled != WF_EVENT_TASK_SCHEDULED ||
                 wf_str_eq(info->resource_type, WF_STR("lua"));

    return named ? info->resource : info->resource_type;
}

/* The name of a function that lambda:invoke calls is given, though it is in
 * the input, since the pool remembers by it what has to be isolated. */
struct wf_str wf_resource_function(const struct wf_state_info *info,
                                   struct wf_doc *parameters,
                                   struct wf_buf *text) {
    struct wf_value root = {parameters, 0}, name;

    if (is_handler(info))
        return action_of(info);
    if (is_lambda(info))
        wf_buf_adds(text, "lambda:");
    else if (!is_http(info))
        wf_buf_adds(text, "aws:");
    if (!is_lambda(info)) {
        wf_buf_addstr(text, info->resource_type);
        wf_buf_u8(text, ':');
    }
    wf_buf_addstr(text, action_of(info));
    if (is_lambda(info) && info->scheduled == WF_EVENT_TASK_SCHEDULED) {
        wf_buf_u8(text, ':');
        if (wf_value_type(root) == WF_JSON_OBJECT &&
            wf_value_member(root, WF_STR("FunctionName"), &name) &&
            wf_value_type(name) == WF_JSON_STRING)
            wf_value_string(name, text);
    }
    return (struct wf_str){text->data, text->len};
}

void wf_task_hand_over(struct wf_engine *engine, struct wf_frame *frame,
                       struct wf_str checkpoint) {
    struct wf_buf *context = &engine->scratch;
    context->len = 0;
    task_context(frame, context);
    struct wf_buf function = {0};
    int64_t now = wf_clock_now_ms(engine->clock);
    struct wf_pool_task task = {
        .id = frame->task,
        .bundle = wf_str(frame->execution->bundle),
        .function = wf_resource_function(
            info_of(frame), frame->parameters.doc, &function),
        .input = wf_doc_text(frame->parameters.doc),
        .context = {context->data, context->len},
        .checkpoint = checkpoint,
    };
    if (engine->clock->is_virtual)
        task.virtual_now_ms = now;
    if (frame->timeout_due_ms)
        task.timeout_ms = frame->timeout_due_ms > now
                              ? frame->timeout_due_ms - now
                              : 1;
    engine->stats.tasks_dispatched++;
    wf_pool_dispatch(engine->pool, &task);
    wf_buf_free(&function);
}
