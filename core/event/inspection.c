/* inspection.c - what a state that is tested shows. See inspection.h. */
#include "inspection.h"

#include <stdio.h>

static const char *const names[WF_STAGES] = {
    [WF_STAGE_INPUT] = "input",
    [WF_STAGE_AFTER_ARGUMENTS] = "afterArguments",
    [WF_STAGE_AFTER_INPUT_PATH] = "afterInputPath",
    [WF_STAGE_AFTER_PARAMETERS] = "afterParameters",
    [WF_STAGE_RESULT] = "result",
    [WF_STAGE_AFTER_RESULT_SELECTOR] = "afterResultSelector",
    [WF_STAGE_AFTER_RESULT_PATH] = "afterResultPath",
    [WF_STAGE_VARIABLES] = "variables",
    [WF_STAGE_AFTER_ITEMS_PATH] = "afterItemsPath",
    [WF_STAGE_AFTER_ITEMS_POINTER] = "afterItemsPointer",
    [WF_STAGE_AFTER_ITEM_SELECTOR] = "afterItemSelector",
    [WF_STAGE_AFTER_ITEM_BATCHER] = "afterItemBatcher",
    [WF_STAGE_TOLERATED_FAILURE_COUNT] = "toleratedFailureCount",
    [WF_STAGE_TOLERATED_FAILURE_PERCENTAGE] = "toleratedFailurePercentage",
    [WF_STAGE_MAX_CONCURRENCY] = "maxConcurrency",
};

const char *wf_stage_name(enum wf_stage stage) {
    return names[stage];
}

enum wf_stage wf_stage_find(const char *name) {
    unsigned stage = 0;
    while (stage < WF_STAGES && strcmp(names[stage], name) != 0)
        stage++;
    return (enum wf_stage)stage;
}

void wf_inspection_show(struct wf_inspection *inspection, enum wf_stage stage,
                        struct wf_str json) {
    struct wf_buf *text = &inspection->stages[stage];
    text->len = 0;
    wf_buf_addstr(text, json);
}

/* A percentage is a float, which AWS never writes as an integer. */
void wf_inspection_number(struct wf_inspection *inspection,
                          enum wf_stage stage, double number) {
    char text[40];
    bool is_float = stage == WF_STAGE_TOLERATED_FAILURE_PERCENTAGE;
    bool is_whole = number == (double)(int64_t)number;
    snprintf(text, sizeof(text),
             !is_whole ? "%.15g" : is_float ? "%.1f" : "%.0f", number);
    inspection->numbers[stage] = number;
    wf_inspection_show(inspection, stage, wf_str(text));
}

struct wf_str wf_inspection_stage(const struct wf_inspection *inspection,
                                  enum wf_stage stage) {
    const struct wf_buf *text = &inspection->stages[stage];
    return (struct wf_str){text->data, text->len};
}

void wf_inspection_free(struct wf_inspection *inspection) {
    for (unsigned stage = 0; stage < WF_STAGES; stage++)
        wf_buf_free(&inspection->stages[stage]);
    wf_buf_free(&inspection->error);
    wf_buf_free(&inspection->cause);
}
