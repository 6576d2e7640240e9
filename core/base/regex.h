/*
 * regex.h - regular expressions (PCRE2) that come from outside, as does what
 * they are matched with: patterns, steps and memory are limited.
 */
#ifndef WF_REGEX_H
#define WF_REGEX_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base.h"

/** All-zero is a closed one. */
struct wf_regex {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *limits;
};

struct wf_regex_limits {
    size_t pattern_bytes;
    uint32_t depth; /**< Of backtracking. */
    uint32_t heap_kb;
    bool whole_only; /**< Groups are not asked for; no machine code either. */
};

/** What is wrong with a pattern. */
#define WF_REGEX_MESSAGE 128

/** Compiles a pattern with PCRE2's options. 0; or -1, a message, and nothing
 * to free. */
int wf_regex_compile(struct wf_regex *regex, struct wf_str pattern,
                     uint32_t options, const struct wf_regex_limits *limits,
                     char message[WF_REGEX_MESSAGE]);
void wf_regex_free(struct wf_regex *regex); /* leaves a closed one */

/** pcre2_match() from an offset on, in so many steps of PCRE2's (about 5 ns
 * each) at most. */
int wf_regex_match(struct wf_regex *regex, struct wf_str text, size_t from,
                   uint32_t options, uint32_t steps);

#endif
