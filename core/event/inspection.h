/*
 * inspection.h - what a state that is tested shows of itself: the stages of
 * its data flow, and what became of a failure. See asl.inspection.
 */
#ifndef WF_INSPECTION_H
#define WF_INSPECTION_H

#include "base.h"

enum wf_stage {
    WF_STAGE_INPUT,
    WF_STAGE_AFTER_ARGUMENTS,
    WF_STAGE_AFTER_INPUT_PATH,
    WF_STAGE_AFTER_PARAMETERS,
    WF_STAGE_RESULT,
    WF_STAGE_AFTER_RESULT_SELECTOR,
    WF_STAGE_AFTER_RESULT_PATH,
    WF_STAGE_VARIABLES,
    WF_STAGE_AFTER_ITEMS_PATH,
    WF_STAGE_AFTER_ITEMS_POINTER,
    WF_STAGE_AFTER_ITEM_SELECTOR,
    WF_STAGE_AFTER_ITEM_BATCHER,
    WF_STAGE_TOLERATED_FAILURE_COUNT,      /**< From here on: numbers. */
    WF_STAGE_TOLERATED_FAILURE_PERCENTAGE,
    WF_STAGE_MAX_CONCURRENCY,
    WF_STAGES
};

/** All-zero is a valid empty one. */
struct wf_inspection {
    struct wf_buf stages[WF_STAGES]; /**< JSON texts; empty: not shown. */
    double numbers[WF_STAGES];       /**< Of those that are numbers. */
    bool is_handled;        /**< A failure went to retriers and catchers: */
    bool has_error, has_cause;
    struct wf_buf error, cause;
    unsigned retrier;       /**< From 1; 0: none wanted it. */
    unsigned catcher;       /**< As well. */
};

/** The name that AWS's InspectionData has for a stage. */
const char *wf_stage_name(enum wf_stage stage);
/** The stage of that name, or WF_STAGES. */
enum wf_stage wf_stage_find(const char *name);
/** Shows this instead of what was shown before. */
void wf_inspection_show(struct wf_inspection *inspection, enum wf_stage stage,
                        struct wf_str json);
void wf_inspection_number(struct wf_inspection *inspection,
                          enum wf_stage stage, double number);
struct wf_str wf_inspection_stage(const struct wf_inspection *inspection,
                                  enum wf_stage stage);
void wf_inspection_free(struct wf_inspection *inspection);

#endif
