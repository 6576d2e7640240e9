/* evaluate.c - the threads, and parsing on them. See evaluate.h. */
#include "evaluate.h"

#include <stdlib.h>

#define THREADS 3
#define LONG_BYTES ((size_t)4 << 20) /* such a parse takes milliseconds */

struct wf_evaluator {
    struct ev_loop *loop;
    struct wf_offload *offload; /* NULL: no job yet */
    unsigned threads;
    bool in_step;
};

struct wf_evaluator *wf_evaluator_new(struct ev_loop *loop,
                                      const struct wf_evaluator_options *is) {
    struct wf_evaluator *evaluator = wf_calloc(1, sizeof(*evaluator));
    evaluator->loop = loop;
    evaluator->in_step = is->in_step;
    evaluator->threads = is->threads ? is->threads : THREADS;
    return evaluator;
}

void wf_evaluator_free(struct wf_evaluator *evaluator) {
    if (!evaluator)
        return;
    wf_offload_free(evaluator->offload);
    free(evaluator);
}

unsigned wf_evaluator_threads(const struct wf_evaluator *evaluator) {
    return evaluator->in_step ? 1 : evaluator->threads;
}

bool wf_evaluator_is_idle(const struct wf_evaluator *evaluator) {
    return !evaluator->offload ||
           wf_offload_outstanding(evaluator->offload) == 0;
}

void wf_evaluator_submit(struct wf_evaluator *evaluator, struct wf_job *job) {
    if (evaluator->in_step) {
        atomic_init(&job->cancelled, false);
        job->work(job);
        job->done(job);
        return;
    }
    if (!evaluator->offload)
        evaluator->offload =
            wf_offload_new(evaluator->loop, evaluator->threads);
    wf_offload_submit(evaluator->offload, job);
}

/* ---- parsing ---- */

struct parse_job {
    struct wf_job job;
    struct wf_parse parse;
    struct wf_doc *doc; /* the result */
    struct wf_error err;
    wf_parsed_fn *done;
    void *arg;
};

static struct wf_doc *known_doc(struct wf_parse *parse, struct wf_str text) {
    for (size_t i = 0; i < 2; i++)
        if (parse->known[i] && wf_str_eq(wf_doc_text(parse->known[i]), text))
            return wf_doc_ref(parse->known[i]);
    return NULL;
}

static void parse_work(struct wf_job *job) {
    struct parse_job *self = (struct parse_job *)job;
    struct wf_buf *text = &self->parse.text;
    size_t from = self->parse.from;

    self->doc = known_doc(&self->parse, (struct wf_str){text->data + from,
                                                        text->len - from});
    if (self->doc) {
        wf_buf_free(text);
        return;
    }
    if (from) {
        text->len -= from;
        memmove(text->data, text->data + from, text->len);
    }
    self->doc = wf_doc_parse_buf(text, &self->parse.limits, &self->err);
}

static void parse_done(struct wf_job *job) {
    struct parse_job *self = (struct parse_job *)job;
    bool is_off = wf_job_is_cancelled(job);

    self->done(self->arg, is_off ? NULL : self->doc,
               is_off || self->doc ? NULL : &self->err);
    for (size_t i = 0; i < 2; i++)
        wf_doc_unref(self->parse.known[i]);
    wf_doc_unref(self->doc);
    wf_buf_free(&self->parse.text);
    free(self);
}

void wf_evaluator_parse(struct wf_evaluator *evaluator,
                        struct wf_parse *parse, wf_parsed_fn *done,
                        void *arg) {
    struct parse_job *job = wf_calloc(1, sizeof(*job));
    *job = (struct parse_job){
        .job = {.work = parse_work,
                .done = parse_done,
                .is_long = parse->text.len > LONG_BYTES},
        .parse = *parse,
        .done = done,
        .arg = arg,
    };
    parse->text = (struct wf_buf){0};
    for (size_t i = 0; i < 2; i++)
        if (job->parse.known[i])
            wf_doc_ref(job->parse.known[i]);
    wf_evaluator_submit(evaluator, &job->job);
}
