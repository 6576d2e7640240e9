/*
 * call.h - the memory of requests and reads that are under way in an engine.
 *
 * Such a struct belongs to whoever waits for it: a read of the store, a
 * batch, an execution. An engine that is closed drops all of those, and none
 * of them calls back; so the engine knows the structs itself and frees what
 * is left when it closes. Nobody is told.
 */
#ifndef WF_CALL_H
#define WF_CALL_H

#include <stddef.h>
#include <stdint.h>

struct wf_engine;

/** A zeroed struct of `size` bytes. `drop` (may be NULL) frees what it holds,
 * not the struct: it runs in wf_call_free(), or when the engine closes. */
void *wf_call_new(struct wf_engine *engine, size_t size,
                  void (*drop)(void *call));
void wf_call_free(void *call);
/** Calls are numbered as they begin: the lowest number under way, or
 * UINT64_MAX. */
uint64_t wf_calls_oldest(const struct wf_engine *engine);
/** Frees all that are left. */
void wf_calls_free(struct wf_engine *engine);

#endif
