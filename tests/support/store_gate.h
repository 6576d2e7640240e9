/*
 * store_gate.h - a store in front of another that can hold writes back, so a
 * test decides when a batch becomes durable.
 *
 * While the gate is closed, batches wait in it in their order: nothing
 * reaches the store behind it, nothing is acknowledged, reads go on. Opening
 * it lets them through. A crash forgets what waits.
 *
 * Answers of reads can be held back, too: they tell of a store as it was.
 */
#ifndef STORE_GATE_H
#define STORE_GATE_H

#include "store.h"

/** Takes `behind`: closing the gate's store closes it too. */
struct wf_store *store_gate_new(struct wf_store *behind);
void store_gate_close(struct wf_store *gate); /* holds back from now on */
void store_gate_open(struct wf_store *gate);
/** From now on, or no longer. */
void store_gate_hold_answers(struct wf_store *gate, bool hold);
/** How many are held. */
unsigned store_gate_answers(const struct wf_store *gate);
/** Those; not what is read because of them. */
void store_gate_give_answers(struct wf_store *gate);
/** Frees the gate and what waits in it; returns the store behind it. */
struct wf_store *store_gate_crash(struct wf_store *gate);

#endif
