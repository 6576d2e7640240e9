/* signals.c - what an execution keeps of signals. See signals.h. */
#include "signals.h"

#include <stdlib.h>

static void signal_free(struct wf_signal *signal) {
    free(signal->name);
    wf_buf_free(&signal->payload);
}

void wf_signals_free(struct wf_signals *signals) {
    if (!signals)
        return;
    for (size_t i = 0; i < signals->count; i++)
        signal_free(&signals->kept[i]);
    for (size_t i = 0; i < signals->waiter_count; i++)
        free(signals->waiters[i].name);
    for (size_t i = 0; i < WF_SIGNALS_IDS; i++)
        free(signals->ids[i]);
    free(signals->kept);
    free(signals->waiters);
    free(signals);
}

bool wf_signals_are_empty(const struct wf_signals *signals) {
    return !signals || (signals->count == 0 && signals->waiter_count == 0 &&
                        !signals->ids[0]);
}

bool wf_signals_know_id(const struct wf_signals *signals, struct wf_str id) {
    for (size_t i = 0; i < WF_SIGNALS_IDS && signals->ids[i]; i++)
        if (wf_str_eq(id, wf_str(signals->ids[i])))
            return true;
    return false;
}

static void remember(struct wf_signals *signals, struct wf_str id) {
    free(signals->ids[WF_SIGNALS_IDS - 1]);
    memmove(signals->ids + 1, signals->ids,
            (WF_SIGNALS_IDS - 1) * sizeof(*signals->ids));
    signals->ids[0] = wf_strndup(id.data, id.len);
}

void wf_signals_keep(struct wf_signals *signals, struct wf_str name,
                     struct wf_str payload, struct wf_str id,
                     int64_t now_ms) {
    if (signals->count == signals->cap) {
        signals->cap = signals->cap ? signals->cap * 2 : 4;
        signals->kept = wf_realloc(signals->kept, signals->cap *
                                                      sizeof(*signals->kept));
    }
    struct wf_signal *signal = &signals->kept[signals->count++];
    *signal = (struct wf_signal){.name = wf_strndup(name.data, name.len),
                                 .received_ms = now_ms};
    wf_buf_addstr(&signal->payload, payload);
    signals->bytes += name.len + payload.len;
    if (id.len)
        remember(signals, id);
}

size_t wf_signals_find(const struct wf_signals *signals, const char *name) {
    for (size_t i = 0; i < signals->count; i++)
        if (strcmp(signals->kept[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

void wf_signals_remove(struct wf_signals *signals, size_t place) {
    struct wf_signal *signal = &signals->kept[place];
    signals->bytes -= strlen(signal->name) + signal->payload.len;
    signal_free(signal);
    memmove(signal, signal + 1,
            (--signals->count - place) * sizeof(*signal));
}

void wf_signals_add_waiter(struct wf_signals *signals, struct wf_str name,
                           uint32_t frame, uint64_t visit, uint32_t attempt) {
    if (signals->waiter_count == signals->waiter_cap) {
        signals->waiter_cap = signals->waiter_cap ? signals->waiter_cap * 2
                                                  : 4;
        signals->waiters =
            wf_realloc(signals->waiters,
                       signals->waiter_cap * sizeof(*signals->waiters));
    }
    signals->waiters[signals->waiter_count++] = (struct wf_signal_waiter){
        .name = wf_strndup(name.data, name.len),
        .frame = frame,
        .visit = visit,
        .attempt = attempt,
    };
}

size_t wf_signals_waiter_of(const struct wf_signals *signals,
                            uint32_t frame) {
    for (size_t i = 0; signals && i < signals->waiter_count; i++)
        if (signals->waiters[i].frame == frame)
            return i;
    return SIZE_MAX;
}

void wf_signals_remove_waiter(struct wf_signals *signals, size_t place) {
    struct wf_signal_waiter *waiter = &signals->waiters[place];
    free(waiter->name);
    memmove(waiter, waiter + 1,
            (--signals->waiter_count - place) * sizeof(*waiter));
}

bool wf_signals_is_first(const struct wf_signals *signals, size_t waiter) {
    for (size_t i = 0; i < waiter; i++)
        if (strcmp(signals->waiters[i].name,
                   signals->waiters[waiter].name) == 0)
            return false;
    return true;
}

/* ---- images ---- */

void wf_signals_encode(const struct wf_signals *signals, struct wf_buf *out) {
    size_t ids = 0;
    wf_buf_varint(out, signals->count);
    for (size_t i = 0; i < signals->count; i++) {
        const struct wf_signal *signal = &signals->kept[i];
        wf_buf_text(out, wf_str(signal->name));
        wf_buf_text(out, (struct wf_str){signal->payload.data,
                                         signal->payload.len});
        wf_buf_signed(out, signal->received_ms);
    }
    wf_buf_varint(out, signals->waiter_count);
    for (size_t i = 0; i < signals->waiter_count; i++) {
        const struct wf_signal_waiter *waiter = &signals->waiters[i];
        wf_buf_text(out, wf_str(waiter->name));
        wf_buf_varint(out, waiter->frame);
        wf_buf_varint(out, waiter->visit);
        wf_buf_varint(out, waiter->attempt);
    }
    while (ids < WF_SIGNALS_IDS && signals->ids[ids])
        ids++;
    wf_buf_varint(out, ids);
    while (ids > 0) /* oldest first */
        wf_buf_text(out, wf_str(signals->ids[--ids]));
}

struct wf_signals *wf_signals_decode(struct wf_str text) {
    struct wf_signals *signals = wf_calloc(1, sizeof(*signals));
    struct wf_reader in = {text.data, text.data + text.len, false};
    for (uint64_t n = wf_read_varint(&in); n > 0 && !in.bad; n--) {
        struct wf_str name = wf_read_text(&in);
        struct wf_str payload = wf_read_text(&in);
        int64_t received_ms = wf_read_signed(&in);
        if (!in.bad)
            wf_signals_keep(signals, name, payload, WF_STR_NULL,
                            received_ms);
    }
    for (uint64_t n = wf_read_varint(&in); n > 0 && !in.bad; n--) {
        struct wf_str name = wf_read_text(&in);
        uint32_t frame = (uint32_t)wf_read_varint(&in);
        uint64_t visit = wf_read_varint(&in);
        uint32_t attempt = (uint32_t)wf_read_varint(&in);
        if (!in.bad)
            wf_signals_add_waiter(signals, name, frame, visit, attempt);
    }
    for (uint64_t n = wf_read_varint(&in); n > 0 && !in.bad; n--) {
        struct wf_str id = wf_read_text(&in);
        if (!in.bad)
            remember(signals, id);
    }
    if (!in.bad)
        return signals;
    wf_signals_free(signals);
    return NULL;
}
