/*
 * listing.c - ListExecutions: a page of a list (lister.h). The token is the
 * place of the last one shown.
 */
#include <stdlib.h>

#include "lister.h"
#include "qualifiers.h"
#include "refusal.h"

#define DEFAULT_PAGE 100
#define LARGEST_PAGE 1000
#define SCAN_ROWS 1000

struct listing {
    struct wf_engine *engine;
    char *arn;
    enum wf_execution_status status;
    enum wf_redrive_filter redriven;
    unsigned page;
    struct wf_machine *machine;
    struct wf_lister lister;
    wf_execution_list_fn *reply;
    void *arg;
};

static void drop(void *memory) {
    struct listing *listing = memory;
    wf_lister_free(&listing->lister);
    free(listing->arn);
}

static void refuse(struct listing *listing, const char *exception,
                   const char *format, struct wf_str subject) {
    struct wf_refusal_text text = {0};
    listing->reply(listing->arg,
                   wf_refusal_make(&text, exception, format, subject), NULL,
                   0, WF_STR_NULL);
    wf_refusal_free(&text);
    wf_call_free(listing);
}

static bool is_wanted(void *arg, const struct wf_listed *item,
                      struct wf_str name) {
    const struct listing *listing = arg;
    (void)name;
    if (listing->redriven != WF_REDRIVE_ANY &&
        (listing->redriven == WF_REDRIVEN) != (item->redrives > 0))
        return false;
    return !listing->status || listing->status == item->status;
}

/* What the ARNs of executions begin with, and those of what they are of. */
static void set_arns(const struct listing *listing,
                     struct wf_list_arns *arns) {
    const struct wf_machine *machine = listing->machine;
    const struct wf_map_run *run = listing->lister.run;
    struct wf_str arn = wf_str(machine->arn);
    if (!run) {
        wf_buf_adds(&arns->prefix, machine->execution_prefix);
        wf_buf_addstr(&arns->machine, arn);
        return;
    }
    wf_map_child_prefix(arn, wf_str(run->label), run->express, &arns->prefix);
    wf_labelled_arn(arn, wf_str(run->label), &arns->machine);
    wf_map_run_arn(run, arn, &arns->run);
}

static void answer(void *arg) {
    struct listing *listing = arg;
    const struct wf_lister *lister = &listing->lister;
    size_t shown = lister->ready < listing->page ? lister->ready
                                                 : listing->page;
    struct wf_execution_reply *replies =
        wf_calloc(shown ? shown : 1, sizeof(*replies));
    struct wf_listed_arns *own = wf_calloc(shown ? shown : 1, sizeof(*own));
    struct wf_list_arns arns = {0};
    char token[48] = "";
    set_arns(listing, &arns);
    for (size_t i = 0; i < shown; i++)
        wf_listed_reply(&lister->items[i], &arns, &own[i], &replies[i]);
    if (shown < lister->ready)
        wf_place_put(token, lister->items[shown - 1].place_ms,
                     lister->items[shown - 1].id);
    listing->reply(listing->arg, NULL, replies, shown, wf_str(token));
    wf_listed_arns_free(own, shown);
    wf_list_arns_free(&arns);
    free(replies);
    wf_call_free(listing);
}

static void step(struct listing *listing);

static void stepped(void *arg) {
    struct listing *listing = arg;
    const struct wf_lister *lister = &listing->lister;
    if (lister->ready <= listing->page && !lister->is_finished)
        step(listing);
    else
        wf_engine_after(listing->engine, answer, listing);
}

/* One more than the page has: are there any? */
static void step(struct listing *listing) {
    wf_lister_step(&listing->lister,
                   listing->page + 1 - listing->lister.ready, stepped,
                   listing);
}

static void begin(struct listing *listing) {
    const struct wf_machine *machine = listing->machine;
    struct wf_lister *lister = &listing->lister;
    lister->engine = listing->engine;
    lister->machine = machine->id;
    lister->oldest_ms = machine->creation_ms;
    lister->scan_rows = SCAN_ROWS;
    lister->wants = is_wanted;
    lister->arg = listing;
    step(listing);
}

static void is_missing(void *arg) {
    struct listing *listing = arg;
    refuse(listing, "StateMachineDoesNotExist",
           "State Machine Does Not Exist: '%s'", wf_str(listing->arn));
}

static void is_wrong_type(void *arg) {
    refuse(arg, "StateMachineTypeNotSupported", WF_WRONG_MACHINE_TYPE,
           WF_STR_NULL);
}

static void with_machine(void *arg, struct wf_machine *machine) {
    struct listing *listing = arg;
    if (!machine || !machine->name) {
        wf_engine_after(listing->engine, is_missing, listing);
        return;
    }
    listing->machine = machine;
    listing->lister.since = machine->head ? machine->head->since : 0;
    if (machine->express) {
        wf_engine_after(listing->engine, is_wrong_type, listing);
        return;
    }
    begin(listing);
}

static void with_qualified(void *arg, const struct wf_qualified *found) {
    struct listing *listing = arg;
    listing->lister.version = wf_arn_version(wf_str(listing->lister.qualifier));
    with_machine(listing, found ? found->machine : NULL);
}

static void run_found(void *arg, const struct wf_map_run_found *found) {
    struct listing *listing = arg;
    if (!found) {
        refuse(listing, "ResourceNotFound", WF_NO_MAP_RUN,
               wf_str(listing->arn));
        return;
    }
    listing->machine = found->machine;
    listing->lister.run = wf_map_run_copy(found->run);
    begin(listing);
}

static void find_machine(struct listing *listing) {
    struct wf_refusal_text label = {0};
    struct wf_buf why = {0};
    struct wf_arn arn;
    if (!wf_arn_read(wf_str(listing->arn), "stateMachine", NULL, &arn,
                     &why)) {
        refuse(listing, "InvalidArn", "%s",
               (struct wf_str){why.data, why.len});
    } else if (wf_refusal_label(&label, wf_str(listing->arn))) {
        listing->reply(listing->arg, &label.refusal, NULL, 0, WF_STR_NULL);
        wf_call_free(listing);
    } else if (arn.rest.len) {
        listing->lister.qualifier = wf_strndup(arn.rest.data, arn.rest.len);
        wf_machine_by_arn(listing->engine, &arn, false, with_qualified,
                          listing);
    } else {
        wf_machine_by_name(listing->engine, arn.name, with_machine, listing);
    }
    wf_refusal_free(&label);
    wf_buf_free(&why);
}

static void find_run(struct listing *listing) {
    struct wf_buf why = {0};
    if (!wf_map_run_find(listing->engine, wf_str(listing->arn), &why,
                         run_found, listing))
        refuse(listing, "InvalidArn", "%s",
               (struct wf_str){why.data, why.len});
    wf_buf_free(&why);
}

void wf_engine_list_executions(struct wf_engine *engine,
                               const struct wf_list_executions *ask,
                               wf_execution_list_fn *reply, void *arg) {
    struct listing *listing = wf_call_new(engine, sizeof(*listing), drop);
    bool of_run = ask->map_run_arn.data != NULL;
    struct wf_str arn = of_run ? ask->map_run_arn : ask->state_machine_arn;
    listing->engine = engine;
    listing->arn = wf_strndup(arn.data, arn.len);
    listing->status = ask->status;
    listing->redriven = ask->redriven;
    listing->page = ask->max_results ? ask->max_results : DEFAULT_PAGE;
    if (listing->page > LARGEST_PAGE)
        listing->page = LARGEST_PAGE;
    listing->reply = reply;
    listing->arg = arg;
    if (!wf_place_read(ask->next_token, &listing->lister.before_ms,
                       &listing->lister.before_id))
        refuse(listing, "InvalidToken", WF_INVALID_TOKEN, WF_STR_NULL);
    else if (of_run)
        find_run(listing);
    else
        find_machine(listing);
}
