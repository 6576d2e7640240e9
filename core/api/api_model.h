/*
 * api_model.h - what the inputs of the API's operations are made of: the
 * model that api_validate.c checks requests against.
 *
 * api_model.c holds AWS's, for all its operations. It is written by
 *
 *     luajit core/api/api_model.lua stepfunctions.json > core/api/api_model.c
 *
 * from the service model that AWS publishes with its SDKs, and never by hand;
 * api_scheduler_model.c is EventBridge Scheduler's, in the same way.
 * api_own.c holds the model of our own operations.
 */
#ifndef WF_API_MODEL_H
#define WF_API_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wf_api_kind {
    WF_API_STRING,
    WF_API_INTEGER,
    WF_API_NUMBER,
    WF_API_BOOLEAN,
    WF_API_STRUCTURE,
    WF_API_LIST,
};

#define WF_API_AT_LEAST(n) .has_min = true, .min = (n)
#define WF_API_AT_MOST(n) .has_max = true, .max = (n)

/** Characters as pairs of the first and last of a range of ASCII. */
struct wf_api_class {
    const char *ranges;
    size_t len; /**< Of `ranges`. */
};

struct wf_api_member;

struct wf_api_shape {
    enum wf_api_kind kind;
    bool sensitive;     /**< Complaints do not repeat the value. */
    bool is_payload;    /**< As long as the profile allows. */
    bool has_min, has_max;
    int64_t min, max;   /**< Characters, elements, or the number itself. */
    const char *const *choices;  /**< Of an enum, NULL-terminated; or NULL. */
    const char *pattern;         /**< As in AWS's words; NULL: none. */
    struct wf_api_class all_of;  /**< Pattern: the only characters. */
    bool is_regex;               /**< The pattern is no class: PCRE2's. */
    struct wf_api_class one_of;  /**< Pattern: one of these is there. */
    const char *name;            /**< Of a structure in a list of limited
                                   length, as complaints show it. */
    const struct wf_api_member *members; /**< Of a structure; ends with NULL */
    const struct wf_api_shape *element;  /**< Of a list. */
};

struct wf_api_member {
    const char *name;
    const struct wf_api_shape *shape;
    bool required;
};

struct wf_api_input {
    const char *operation;
    const struct wf_api_shape *shape;
};

/** AWS's operations, in the order of their names. */
extern const struct wf_api_input wf_api_inputs[];
extern const size_t wf_api_input_count;
/** A member that is a part of the path (in braces there), or a parameter of
 * the query of that name. */
struct wf_api_location {
    const char *member, *query;
};
/** EventBridge Scheduler's operations; ends with a NULL method. */
struct wf_api_route {
    const char *method, *path; /**< "/schedules/{Name}" */
    const char *operation;     /**< "Scheduler.GetSchedule" */
    const struct wf_api_shape *shape;
    const struct wf_api_location *locations; /**< Ends with a NULL member. */
};
extern const struct wf_api_route wf_api_scheduler_routes[];
/** Ours; ends with a NULL name. */
extern const struct wf_api_input wf_api_own_inputs[];

#endif
