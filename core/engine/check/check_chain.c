/* check_chain.c - whether the hashes of a history fit it, and each other
 * (chain.h). See check_impl.h. */
#include "check_impl.h"

void check_chain_begin(struct check *check, uint64_t execution,
                       const struct wf_execution_image *image,
                       const struct wf_execution *active) {
    struct check_chain *chain = &check->chain;
    *chain = (struct check_chain){.execution = execution};
    if (active) {
        chain->start_ms = active->start_ms;
        chain->from = active->chain.from;
        chain->head = active->chain.from ? active->chain.head : NULL;
    } else {
        chain->start_ms = image->start_ms;
        chain->from = image->chain_from;
        chain->head = (const uint8_t *)image->chain_head.data;
    }
}

void check_seal(struct check *check, const struct wf_row *row,
                uint64_t execution, const struct wf_execution_image *image) {
    uint8_t seal[WF_SEAL_BYTES];
    if (!image->seal.len)
        return;
    wf_chain_seal(check->hash, execution,
                  (struct wf_str){row->value.data,
                                  (size_t)(image->seal.data -
                                           row->value.data)},
                  seal);
    if (memcmp(seal, image->seal.data, sizeof(seal)) == 0)
        return;
    check->chain.is_altered = true;
    check_wrong(check, row->key,
                "altered: its seal is not that of what the row says of the "
                "execution (name, status, times, input, output, error)");
}

static void say_altered(struct check *check, struct wf_str key,
                        uint64_t first, uint64_t events, const char *why) {
    check->chain.is_altered = true;
    check_wrong(check, key, "altered: events %llu to %llu of execution "
                "%016llx %s", (unsigned long long)first,
                (unsigned long long)(first + events - 1),
                (unsigned long long)check->chain.execution, why);
}

/* The link that the segment should have. If the one before has the wrong link
 * although its events are right, this one shows it. */
static void make_link(struct check *check,
                      const struct wf_tail_cursor *cursor, uint64_t events,
                      const uint8_t *before, uint8_t link[WF_LINK_BYTES]) {
    const struct check_chain *chain = &check->chain;
    struct wf_link_of of = {
        .before = before,
        .execution = chain->execution,
        .start_ms = chain->start_ms,
        .first_event = cursor->next_event,
        .events = events,
        .entries = {cursor->reader.at,
                    (size_t)(cursor->reader.end - cursor->reader.at)}};
    wf_chain_link(check->hash, &of, link);
}

static bool is_link(const uint8_t *a, const uint8_t *b) {
    return memcmp(a, b, WF_LINK_BYTES) == 0;
}

static void tell(const struct check *check, bool is_head) {
    const struct check_chain *chain = &check->chain;
    if (check->watch)
        check->watch->link(check->watch->arg, chain->execution,
                           chain->last_event, chain->before, is_head);
}

static void take_link(struct check *check, const uint8_t *link,
                      const struct wf_tail_cursor *cursor, uint64_t events) {
    struct check_chain *chain = &check->chain;
    if (chain->before)
        tell(check, false);
    chain->before = link;
    chain->events += events;
    chain->last_event = cursor->next_event + events - 1;
}

/* A short history inside the execution's row: its link is the head. */
static void check_inline(struct check *check, struct wf_str key,
                         const struct wf_tail_cursor *cursor,
                         uint64_t events) {
    struct check_chain *chain = &check->chain;
    uint8_t made[WF_LINK_BYTES];
    if (!chain->from)
        return;
    make_link(check, cursor, events, NULL, made);
    if (!is_link(made, chain->head))
        say_altered(check, key, cursor->next_event, events,
                    "don't have the hash that the execution's row names");
    take_link(check, chain->head, cursor, events);
}

static void check_linked(struct check *check, struct wf_str key,
                         const struct wf_tail_cursor *cursor,
                         uint64_t events) {
    struct check_chain *chain = &check->chain;
    uint8_t made[WF_LINK_BYTES];
    if (!chain->is_lost) {
        make_link(check, cursor, events, chain->before, made);
        if (!is_link(made, cursor->link) && chain->is_doubted) {
            uint8_t other[WF_LINK_BYTES];
            make_link(check, cursor, events, chain->made, other);
            if (is_link(other, cursor->link))
                memcpy(made, other, sizeof(made));
        }
        chain->is_doubted = !is_link(made, cursor->link);
        if (chain->is_doubted)
            say_altered(check, key, cursor->next_event, events,
                        "don't have the hash of their segment, or it was put "
                        "there from elsewhere");
        memcpy(chain->made, made, sizeof(made));
    }
    chain->is_lost = false;
    take_link(check, cursor->link, cursor, events);
}

void check_chain_segment(struct check *check, struct wf_str key,
                         const struct wf_tail_cursor *cursor,
                         uint64_t events) {
    struct check_chain *chain = &check->chain;
    uint64_t first = cursor->next_event;
    if (chain->is_over)
        return;
    if (key.data[2] == 'E')
        check_inline(check, key, cursor, events);
    else if (cursor->link && chain->from)
        check_linked(check, key, cursor, events);
    else if (cursor->link)
        say_altered(check, key, first, events,
                    "have a hash, and the execution's row knows of none");
    else if (chain->from && first >= chain->from)
        say_altered(check, key, first, events, "have lost their hash");
}

void check_chain_lost(struct check *check) {
    check->chain.is_lost = true;
}

void check_chain_end(struct check *check, struct wf_str key,
                     uint64_t next_event) {
    struct check_chain *chain = &check->chain;
    struct wf_check_report *report = check->report;
    if (chain->is_over)
        return;
    if (chain->from && !chain->is_lost && !chain->is_altered &&
        !check->history.is_broken &&
        (!chain->before || !is_link(chain->before, chain->head))) {
        chain->is_altered = true;
        check_wrong(check, key, "altered: the hash of its last segment is "
                    "not the one that the execution's row names: its end was "
                    "exchanged");
    }
    if (chain->events) {
        report->chained++;
        tell(check, true);
    }
    if (next_event > 1 && (!chain->from || chain->from > 1))
        report->unchained++;
    report->chained_events += chain->events;
}

void check_chain_document(struct check *check, struct wf_str key,
                          const struct check_large *large,
                          const uint8_t sha256[WF_LINK_BYTES]) {
    if (large->sha256 && !is_link(sha256, large->sha256))
        check_wrong(check, key, "altered: document of event %llu of execution "
                    "%016llx: it has not the hash that the history names",
                    (unsigned long long)WF_DOC_EVENT(large->number),
                    (unsigned long long)check->chain.execution);
}
