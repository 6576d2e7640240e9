/* regex.c - regular expressions with limits. See regex.h. */
#include "regex.h"

#include <stdio.h>

static int complain(int problem, char message[WF_REGEX_MESSAGE]) {
    pcre2_get_error_message(problem, (PCRE2_UCHAR *)message,
                            WF_REGEX_MESSAGE);
    return -1;
}

int wf_regex_compile(struct wf_regex *regex, struct wf_str pattern,
                     uint32_t options, const struct wf_regex_limits *limits,
                     char message[WF_REGEX_MESSAGE]) {
    int problem = 0;
    PCRE2_SIZE at = 0;

    *regex = (struct wf_regex){0};
    if (pattern.len > limits->pattern_bytes) {
        snprintf(message, WF_REGEX_MESSAGE, "it is too long");
        return -1;
    }
    regex->code = pcre2_compile((PCRE2_SPTR)pattern.data, pattern.len,
                                options, &problem, &at, NULL);
    if (!regex->code)
        return complain(problem, message);
    regex->match =
        limits->whole_only
            ? pcre2_match_data_create(1, NULL)
            : pcre2_match_data_create_from_pattern(regex->code, NULL);
    regex->limits = pcre2_match_context_create(NULL);
    if (!regex->match || !regex->limits) {
        wf_regex_free(regex);
        return complain(PCRE2_ERROR_NOMEMORY, message);
    }
    pcre2_set_depth_limit(regex->limits, limits->depth);
    pcre2_set_heap_limit(regex->limits, limits->heap_kb);
    if (!limits->whole_only)
        pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE);
    return 0;
}

void wf_regex_free(struct wf_regex *regex) {
    pcre2_match_context_free(regex->limits);
    pcre2_match_data_free(regex->match);
    pcre2_code_free(regex->code);
    *regex = (struct wf_regex){0};
}

int wf_regex_match(struct wf_regex *regex, struct wf_str text, size_t from,
                   uint32_t options, uint32_t steps) {
    pcre2_set_match_limit(regex->limits, steps);
    return pcre2_match(regex->code, (PCRE2_SPTR)text.data, text.len, from,
                       options, regex->match, regex->limits);
}
