/* decider.c - decisions on evaluator threads. See decider.h. */
#include "decider.h"

#include <pthread.h>
#include <stdlib.h>

#define STEPS UINT64_C(50000000) /* about five seconds */
#define TIME_MS 10000
#define BYTES ((size_t)512 << 20)
#define MACHINES 16
/* Garbage of larger payloads is collected at once. */
#define COLLECT_BYTES ((size_t)1 << 20)
#define COLLECT_KB 32768
#define MACHINES_KB 131072 /* then the machines go, too */

struct known_machine {
    uint64_t key;
    struct wf_script_machine *machine; /* NULL: a free place */
    uint64_t used;                     /* the decider's `turn` */
};

/* A Lua state; one thread at a time has it. */
struct decider {
    struct decider *next;
    struct wf_script *script;
    struct wf_clock clock;
    struct wf_buf notices; /* each ended by a NUL */
    struct known_machine machines[MACHINES];
    uint64_t turn;
};

struct wf_deciders {
    struct wf_evaluator *evaluator;
    struct wf_decider_options options;
    char *lua_directory;
    pthread_mutex_t mutex;  /* guards what follows */
    struct decider *idle;   /* the last used first */
};

struct wf_deciding {
    struct wf_job job;
    struct wf_deciders *deciders;
    struct wf_question question;
    struct wf_script_call call;
    struct wf_script_context context;
    struct wf_buf texts; /* what call and context refer to */
    struct wf_decision decision;
    struct wf_buf notices;
};

static void init(struct wf_deciders *deciders,
                 struct wf_evaluator *evaluator,
                 const struct wf_decider_options *options) {
    struct wf_script_limits *limits = &deciders->options.script.limits;
    deciders->evaluator = evaluator;
    deciders->options = *options;
    if (!limits->steps)
        limits->steps = STEPS;
    if (!limits->doc_bytes)
        limits->doc_bytes = BYTES;
    if (!limits->lua_bytes)
        limits->lua_bytes = BYTES;
    if (!limits->time_ms && !options->seeded)
        limits->time_ms = TIME_MS;
    pthread_mutex_init(&deciders->mutex, NULL);
}

/* ---- the states ---- */

static void forget_machines(struct decider *decider) {
    for (size_t i = 0; i < MACHINES; i++) {
        wf_script_machine_free(decider->script,
                               decider->machines[i].machine);
        decider->machines[i] = (struct known_machine){0};
    }
}

static void decider_free(struct decider *decider) {
    forget_machines(decider);
    wf_script_free(decider->script);
    wf_buf_free(&decider->notices);
    free(decider);
}

void wf_deciders_free(struct wf_deciders *deciders) {
    if (!deciders)
        return;
    while (deciders->idle) {
        struct decider *decider = deciders->idle;
        deciders->idle = decider->next;
        decider_free(decider);
    }
    pthread_mutex_destroy(&deciders->mutex);
    free(deciders->lua_directory);
    free(deciders);
}

/* On a thread: the loop hears of it afterwards. */
static void keep_notice(void *arg, const char *text) {
    struct decider *decider = arg;
    wf_buf_add(&decider->notices, text, strlen(text) + 1);
}

static struct decider *decider_new(const struct wf_deciders *deciders,
                                   struct wf_error *err) {
    struct decider *decider = wf_calloc(1, sizeof(*decider));
    struct wf_script_options options = deciders->options.script;
    wf_clock_init_real(&decider->clock);
    options.clock = &decider->clock;
    options.notice = keep_notice;
    options.arg = decider;
    if (wf_script_new(&options, &decider->script, err) == 0)
        return decider;
    free(decider);
    return NULL;
}

/* The files of user state types are read once, when the engine starts: what
 * is edited later has no effect. */
static int make_early(struct wf_deciders *deciders, struct wf_error *err) {
    unsigned count = wf_evaluator_threads(deciders->evaluator);
    while (count-- > 0) {
        struct decider *decider = decider_new(deciders, err);
        if (!decider)
            return -1;
        decider->next = deciders->idle;
        deciders->idle = decider;
    }
    return 0;
}

int wf_deciders_new(struct wf_evaluator *evaluator,
                    const struct wf_decider_options *options,
                    struct wf_deciders **out, struct wf_error *err) {
    const char *const *states = options->script.states;
    const char *directory = options->script.lua_directory;
    struct wf_deciders *deciders = wf_calloc(1, sizeof(*deciders));
    init(deciders, evaluator, options);
    if (states && *states && make_early(deciders, err) != 0) {
        wf_deciders_free(deciders);
        return -1;
    }
    deciders->options.script.states = NULL;
    if (directory)
        deciders->options.script.lua_directory = deciders->lua_directory =
            wf_strndup(directory, strlen(directory));
    *out = deciders;
    return 0;
}

static struct decider *take(struct wf_deciders *deciders,
                            struct wf_error *err) {
    pthread_mutex_lock(&deciders->mutex);
    struct decider *decider = deciders->idle;
    if (decider)
        deciders->idle = decider->next;
    pthread_mutex_unlock(&deciders->mutex);
    return decider ? decider : decider_new(deciders, err);
}

static void give_back(struct wf_deciders *deciders, struct decider *decider) {
    pthread_mutex_lock(&deciders->mutex);
    decider->next = deciders->idle;
    deciders->idle = decider;
    pthread_mutex_unlock(&deciders->mutex);
}

/* The place of the machine, or of the one that was not used for longest. */
static struct known_machine *place_of(struct decider *decider, uint64_t key) {
    struct known_machine *oldest = decider->machines;
    for (size_t i = 0; i < MACHINES; i++) {
        struct known_machine *known = &decider->machines[i];
        if (known->machine && known->key == key)
            return known;
        if (known->used < oldest->used)
            oldest = known;
    }
    return oldest;
}

static struct wf_script_machine *machine_of(struct decider *decider,
                                            const struct wf_question *asked,
                                            struct wf_error *err) {
    struct known_machine *known = place_of(decider, asked->machine);
    struct wf_script_summary summary;
    struct wf_buf diagnostics = {0};
    known->used = ++decider->turn;
    if (known->machine && known->key == asked->machine)
        return known->machine;
    wf_script_machine_free(decider->script, known->machine);
    known->machine = NULL;
    known->key = asked->machine;
    struct wf_doc *definition = wf_doc_parse(asked->definition, NULL, err);
    if (definition &&
        wf_script_compile(decider->script, definition, &known->machine,
                          &summary, &diagnostics, err) != 0)
        known->machine = NULL;
    wf_doc_unref(definition);
    wf_buf_free(&diagnostics);
    return known->machine;
}

/* ---- questions ---- */

static void fail(struct wf_decision *decision, const char *cause) {
    *decision = (struct wf_decision){.kind = WF_DECISION_FAIL};
    wf_buf_adds(&decision->texts, cause);
    decision->failure.error = WF_STR("States.Runtime");
    decision->failure.cause = (struct wf_str){decision->texts.data,
                                              decision->texts.len};
}

/* What a decision about so many bytes has left behind. */
static void collect(struct decider *decider, size_t bytes) {
    size_t kb = wf_script_memory_kb(decider->script);
    if (bytes > COLLECT_BYTES || kb > COLLECT_KB)
        kb = wf_script_collect(decider->script);
    if (kb > MACHINES_KB)
        forget_machines(decider);
}

static void decide(struct wf_deciding *self, struct decider *decider) {
    struct wf_error err = {0};
    size_t bytes = self->call.input->len +
                   (self->call.output ? self->call.output->len : 0);
    if (self->deciders->options.seeded)
        wf_clock_seed(&decider->clock, self->question.seed);
    self->call.machine = machine_of(decider, &self->question, &err);
    if (!self->call.machine) {
        fail(&self->decision, err.message);
    } else {
        wf_script_decide(decider->script, &self->call, &self->decision);
        if (self->decision.kind == WF_DECISION_TOO_LONG)
            self->decision.kind = WF_DECISION_FAIL;
    }
    collect(decider, bytes);
    self->notices = decider->notices;
    decider->notices = (struct wf_buf){0};
}

static void decide_work(struct wf_job *job) {
    struct wf_deciding *self = (struct wf_deciding *)job;
    struct wf_error err = {0};
    struct decider *decider = take(self->deciders, &err);
    if (!decider) {
        fail(&self->decision, err.message);
        return;
    }
    decide(self, decider);
    give_back(self->deciders, decider);
}

static void send_notices(struct wf_deciding *self) {
    const struct wf_script_options *script = &self->deciders->options.script;
    const char *at = self->notices.data, *end = at + self->notices.len;
    for (; at < end; at += strlen(at) + 1)
        if (script->notice)
            script->notice(script->arg, at);
}

static void decide_done(struct wf_job *job) {
    struct wf_deciding *self = (struct wf_deciding *)job;
    bool is_off = wf_job_is_cancelled(job);
    if (!is_off)
        send_notices(self);
    self->question.done(self->question.arg, is_off ? NULL : &self->decision);
    if (is_off)
        wf_decision_free(&self->decision);
    wf_doc_unref(self->call.input);
    wf_doc_unref(self->call.output);
    wf_doc_unref(self->context.execution_input);
    wf_doc_unref(self->context.map_item.doc);
    wf_doc_unref(self->context.variables);
    wf_buf_free(&self->texts);
    wf_buf_free(&self->notices);
    free(self);
}

/* ---- other work ---- */

static void script_work(struct wf_job *job) {
    struct wf_script_job *self = (struct wf_script_job *)job;
    struct decider *decider = take(self->deciders, &self->err);
    self->work(self, decider ? decider->script : NULL);
    if (!decider)
        return;
    collect(decider, 0);
    give_back(self->deciders, decider);
}

static void script_done(struct wf_job *job) {
    struct wf_script_job *self = (struct wf_script_job *)job;
    self->done(self);
}

void wf_deciders_submit(struct wf_deciders *deciders,
                        struct wf_script_job *job) {
    job->job = (struct wf_job){
        .work = script_work, .done = script_done, .is_long = true};
    job->deciders = deciders;
    wf_evaluator_submit(deciders->evaluator, &job->job);
}

/* ---- copying a call ---- */

static void keep_doc(struct wf_doc *doc) {
    if (doc)
        wf_doc_ref(doc);
}

static void copy_call(struct wf_deciding *self,
                      const struct wf_script_call *call) {
    struct wf_script_context *context = &self->context;
    self->call = *call;
    self->context = *call->context;
    self->call.context = context;
    self->call.stop = &self->job.cancelled;
    struct wf_str *const texts[] = {
        &self->call.failure.error,      &self->call.failure.cause,
        &context->execution_arn_prefix, &context->execution_name,
        &context->role_arn,             &context->state_machine_arn,
        &context->state_machine_name,   &context->state_name,
        &context->task_token,           &context->map_source,
    };
    size_t count = sizeof(texts) / sizeof(texts[0]);
    size_t retriers = context->retrier_count * sizeof(*context->retriers);
    size_t room = retriers;
    for (size_t i = 0; i < count; i++)
        room += texts[i]->len;
    wf_buf_reserve(&self->texts, room + 1);
    if (retriers)
        wf_buf_add(&self->texts, context->retriers, retriers);
    context->retriers = (const uint16_t *)(const void *)self->texts.data;
    for (size_t i = 0; i < count; i++)
        wf_buf_keep(&self->texts, texts[i]);
    keep_doc(self->call.input);
    keep_doc(self->call.output);
    keep_doc(context->execution_input);
    keep_doc(context->map_item.doc);
    keep_doc(context->variables);
}

struct wf_deciding *wf_deciders_ask(struct wf_deciders *deciders,
                                    const struct wf_question *question) {
    struct wf_deciding *self = wf_calloc(1, sizeof(*self));
    self->job = (struct wf_job){
        .work = decide_work, .done = decide_done, .is_long = true};
    self->deciders = deciders;
    self->question = *question;
    copy_call(self, question->call);
    wf_evaluator_submit(deciders->evaluator, &self->job);
    return self;
}

void wf_deciding_cancel(struct wf_deciding *deciding) {
    wf_job_cancel(&deciding->job);
}
