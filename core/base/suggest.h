/*
 * suggest.h - "did you mean": the known word that a mistyped one is close to.
 */
#ifndef WF_SUGGEST_H
#define WF_SUGGEST_H

#include "base.h"

/** Keeps the best candidate; start from {word}. */
struct wf_suggest {
    const char *word;
    const char *best;  /**< NULL: nothing is close enough. */
    unsigned distance; /**< Of `best`. */
};

/** Offers a candidate; one that is no closer than the best is ignored. */
void wf_suggest_offer(struct wf_suggest *suggest, const char *candidate);

#endif
