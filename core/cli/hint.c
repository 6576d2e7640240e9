/* hint.c - hints for people who write definitions. See hint.h. */
#include "hint.h"

#include <stdlib.h>

#include "suggest.h"

#define WRONG "' is only supported for the '"

enum { LISTED = 8 }; /* names in a list, before it says how many more */

/* All fields of the states language, for those that are misspelt. */
static const char *const fields[] = {
    "And", "Arguments", "Assign", "AtMostOnce", "BackoffRate", "BatchInput",
    "BooleanEquals", "BooleanEqualsPath", "Branches", "CSVDelimiter",
    "CSVHeaderLocation", "CSVHeaders", "Catch", "Cause", "CausePath",
    "Choices", "Comment", "Condition", "Credentials", "Default", "End",
    "Error", "ErrorEquals", "ErrorPath", "ExecutionType", "HeartbeatSeconds",
    "HeartbeatSecondsPath", "InputPath", "InputType", "IntervalSeconds",
    "IsBoolean", "IsNull", "IsNumeric", "IsPresent", "IsString", "IsTimestamp",
    "ItemBatcher", "ItemProcessor", "ItemReader", "ItemSelector", "Items",
    "ItemsPath", "ItemsPointer", "Iterator", "JitterStrategy", "Label",
    "ManifestType", "MaxAttempts", "MaxConcurrency", "MaxConcurrencyPath",
    "MaxDelaySeconds", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath",
    "MaxItems", "MaxItemsPath", "MaxItemsPerBatch", "MaxItemsPerBatchPath",
    "Mode", "Next", "Not", "NumericEquals", "NumericEqualsPath",
    "NumericGreaterThan", "NumericGreaterThanEquals",
    "NumericGreaterThanEqualsPath", "NumericGreaterThanPath",
    "NumericLessThan", "NumericLessThanEquals", "NumericLessThanEqualsPath",
    "NumericLessThanPath", "Or", "Output", "OutputPath", "OutputType",
    "Parameters", "ProcessorConfig", "QueryLanguage", "ReaderConfig",
    "Resource", "Result", "ResultPath", "ResultSelector", "ResultWriter",
    "Retry", "RoleArn", "Seconds", "SecondsPath", "StartAt", "States",
    "StringEquals", "StringEqualsPath", "StringGreaterThan",
    "StringGreaterThanEquals", "StringGreaterThanEqualsPath",
    "StringGreaterThanPath", "StringLessThan", "StringLessThanEquals",
    "StringLessThanEqualsPath", "StringLessThanPath", "StringMatches",
    "TimeoutSeconds", "TimeoutSecondsPath", "Timestamp", "TimestampEquals",
    "TimestampEqualsPath", "TimestampGreaterThan",
    "TimestampGreaterThanEquals", "TimestampGreaterThanEqualsPath",
    "TimestampGreaterThanPath", "TimestampLessThan", "TimestampLessThanEquals",
    "TimestampLessThanEqualsPath", "TimestampLessThanPath", "TimestampPath",
    "ToleratedFailureCount", "ToleratedFailureCountPath",
    "ToleratedFailurePercentage", "ToleratedFailurePercentagePath",
    "Transformation", "Type", "Variable", "Version", "WriterConfig", NULL,
};

/* The errors of the states language, for those that are misspelt. */
static const char *const errors[] = {
    "States.ALL", "States.BranchFailed", "States.DataLimitExceeded",
    "States.ExceedToleratedFailureThreshold", "States.HeartbeatTimeout",
    "States.Http.Socket", "States.IntrinsicFailure",
    "States.ItemReaderFailed", "States.NoChoiceMatched",
    "States.ParameterPathFailure", "States.Permissions",
    "States.QueryEvaluationError", "States.ResultPathMatchFailure",
    "States.ResultWriterFailed", "States.Runtime", "States.TaskFailed",
    "States.Timeout", NULL,
};

/* What the rule behind a code is. */
static const struct rule {
    const char *code, *text;
} rules[] = {
    {"DUPLICATE_LABEL_NAME", "give each Map state a Label of its own"},
    {"DUPLICATE_STATE_NAME",
     "state names are unique in the whole definition, across branches and "
     "item processors too"},
    {"INVALID_JSON_DESCRIPTION", "the file has to be one JSON object"},
    {"INVALID_LABEL_NAME",
     "a Label has 1 to 40 characters: letters, digits, - and _ will do"},
    {"INVALID_STATE_NAME", "give the state a name of 1 to 80 characters"},
    {"MISSING_END_STATE",
     "give the last state \"End\": true, or let it lead to a Succeed or Fail "
     "state"},
    {"TOO_DEEPLY_NESTED",
     "move inner states to a state machine of their own"},
};

/* The rule of a message, by how it begins. */
static const struct rule begins[] = {
    {"Exactly one of these fields is required: [Next, End]",
     "say where to go with \"Next\", or \"End\": true"},
    {"The QueryLanguage is set to '",
     "give the state the other \"QueryLanguage\", or leave the field out"},
    {"These fields are required: [",
     "a state machine, a branch and an item processor each have StartAt and "
     "States"},
};

static bool starts_with(struct wf_str text, const char *start) {
    size_t len = strlen(start);

    return text.len >= len && memcmp(text.data, start, len) == 0;
}

struct wf_str wf_hint_field(struct wf_str message) {
    static const struct {
        const char *before, *behind;
    } forms[] = {
        {"Field '", "' is not supported"},
        {"The QueryLanguage is set to 'JSONPath', but field '", WRONG},
        {"The QueryLanguage is set to 'JSONata', but field '", WRONG},
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        const char *start = message.data + strlen(forms[i].before), *end;

        if (!starts_with(message, forms[i].before))
            continue;
        end = memmem(start, message.len - strlen(forms[i].before),
                     forms[i].behind, strlen(forms[i].behind));
        if (end != NULL)
            return (struct wf_str){start, (size_t)(end - start)};
    }
    return WF_STR_NULL;
}

static bool did_you_mean(const struct wf_suggest *suggest,
                         struct wf_buf *out) {
    if (suggest->best == NULL || suggest->distance == 0 ||
        suggest->distance >= strlen(suggest->word))
        return false;
    wf_buf_addf(out, "did you mean \"%s\"?", suggest->best);
    return true;
}

static char *string_of(struct wf_value value) {
    struct wf_buf text = {0};

    if (wf_value_type(value) == WF_JSON_STRING)
        wf_value_string(value, &text);
    wf_buf_u8(&text, 0);
    return text.data;
}

static void list_name(struct wf_buf *out, const char *name, uint32_t at) {
    if (at < LISTED)
        wf_buf_addf(out, "%s%s", at == 0 ? "" : ", ", name);
}

/* A target that there is not: which states there are. */
static bool hint_target(const struct wf_place *place, struct wf_buf *out) {
    const struct wf_node *nodes = wf_doc_nodes(place->value.doc);
    struct wf_value states = {place->value.doc, place->states};
    char *target = string_of(place->value);
    struct wf_suggest suggest = {.word = target};
    struct wf_buf list = {0};
    uint32_t count = 0;
    char *best = NULL;

    if (states.node == 0)
        wf_value_member((struct wf_value){states.doc, 0}, WF_STR("States"),
                        &states);
    if (states.node != 0 && wf_value_type(states) == WF_JSON_OBJECT)
        for (uint32_t key = states.node + 1; key < nodes[states.node].next;
             key = nodes[key + 1].next) {
            char *name = string_of((struct wf_value){states.doc, key});
            unsigned before = suggest.best ? suggest.distance : 99;

            wf_suggest_offer(&suggest, name);
            list_name(&list, name, count++);
            if (suggest.best == name && suggest.distance < before) {
                free(best);
                best = name;
            } else {
                free(name);
            }
        }
    if (count > 0 && !did_you_mean(&suggest, out)) {
        wf_buf_adds(out, "transitions stay among the states beside it: ");
        wf_buf_add(out, list.data, list.len);
        if (count > LISTED)
            wf_buf_addf(out, " and %u more", count - LISTED);
    }
    wf_buf_free(&list);
    free(best);
    free(target);
    return count > 0;
}

/* "... one of these values: [A, B]" and a value that is close to one. */
static bool hint_choice(struct wf_str message, const struct wf_place *place,
                        struct wf_buf *out) {
    const char *list = memchr(message.data, '[', message.len);
    char *word = string_of(place->value), *words, *rest, *next;
    struct wf_suggest suggest = {.word = word};
    bool found;

    if (list == NULL || word[0] == '\0') {
        free(word);
        return false;
    }
    words = wf_strndup(list + 1, message.len -
                                     (size_t)(list + 1 - message.data));
    for (next = strtok_r(words, ", ]", &rest); next != NULL;
         next = strtok_r(NULL, ", ]", &rest))
        wf_suggest_offer(&suggest, next);
    found = did_you_mean(&suggest, out);
    free(words);
    free(word);
    return found;
}

static bool hint_field(struct wf_str field, struct wf_buf *out) {
    char *word = wf_strndup(field.data, field.len);
    struct wf_suggest suggest = {.word = word};
    bool found;

    for (const char *const *name = fields; *name != NULL; name++)
        wf_suggest_offer(&suggest, *name);
    found = did_you_mean(&suggest, out);
    if (!found && suggest.best != NULL) { /* spelt right, at a wrong place */
        wf_buf_addf(out, "%s belongs to other types of states, or to another "
                    "QueryLanguage", word);
        found = true;
    }
    free(word);
    return found;
}

/* "There is no error 'States.Timout'" */
static bool hint_error(struct wf_str message, struct wf_buf *out) {
    const char *start = memchr(message.data, '\'', message.len);
    char *word = wf_strndup(start + 1, (size_t)(message.data + message.len -
                                                1 - (start + 1)));
    struct wf_suggest suggest = {.word = word};
    bool found;

    for (const char *const *name = errors; *name != NULL; name++)
        wf_suggest_offer(&suggest, *name);
    found = did_you_mean(&suggest, out);
    free(word);
    return found;
}

static bool hint_rule(struct wf_str code, struct wf_str message,
                      struct wf_buf *out) {
    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
        if (starts_with(message, begins[i].code)) {
            wf_buf_adds(out, begins[i].text);
            return true;
        }
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (wf_str_eq(code, wf_str(rules[i].code))) {
            wf_buf_adds(out, rules[i].text);
            return true;
        }
    return false;
}

bool wf_hint(struct wf_str code, struct wf_str message,
             const struct wf_place *place, struct wf_buf *out) {
    struct wf_str field = wf_hint_field(message);

    if (wf_str_eq(code, WF_STR("MISSING_TRANSITION_TARGET"))) {
        if (starts_with(message, "State \"")) {
            wf_buf_adds(out, "let another state lead to it, or remove it");
            return true;
        }
        return hint_target(place, out);
    }
    if (field.data != NULL && !starts_with(message, "The QueryLanguage"))
        return hint_field(field, out);
    if (starts_with(message, "There is no error '"))
        return hint_error(message, out);
    if (memmem(message.data, message.len, "one of these values",
               strlen("one of these values")) != NULL &&
        hint_choice(message, place, out))
        return true;
    return hint_rule(code, message, out);
}
