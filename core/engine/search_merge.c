/*
 * search_merge.c - the newest executions of many lists.
 *
 * Each list is complete down to a place of its own. What is newer than the
 * newest of these places (the frontier) can be taken; to go on, the list that
 * it belongs to makes a step.
 */
#include <stdlib.h>

#include "search_impl.h"

#define MOST_IN_FLIGHT 32 /* lists that are being begun */
#define SCAN_ROWS 1000
#define FEWEST_ROWS 16

static bool is_newer(int64_t ms, uint64_t id, const struct wf_lister *than) {
    return ms != than->before_ms ? ms > than->before_ms
                                 : id > than->before_id;
}

/* NULL: all lists are finished. */
static struct wf_search_list *frontier_of(struct wf_search *search) {
    struct wf_search_list *frontier = NULL;
    for (size_t i = 0; i < search->list_count; i++) {
        struct wf_lister *lister = &search->lists[i].lister;
        if (!lister->is_finished &&
            (!frontier || is_newer(lister->before_ms, lister->before_id,
                                   &frontier->lister)))
            frontier = &search->lists[i];
    }
    return frontier;
}

static bool can_be_taken(const struct wf_search_list *list, size_t at,
                         const struct wf_search_list *frontier) {
    if (at >= list->lister.ready)
        return false;
    const struct wf_listed *item = &list->lister.items[at];
    return !frontier || list == frontier ||
           is_newer(item->place_ms, item->id, &frontier->lister);
}

static size_t count_takeable(const struct wf_search *search,
                             const struct wf_search_list *frontier) {
    size_t count = 0;
    for (size_t i = 0; i < search->list_count && count < search->wanted;
         i++) {
        const struct wf_search_list *list = &search->lists[i];
        for (size_t at = list->at; can_be_taken(list, at, frontier); at++)
            count++;
    }
    return count;
}

static int newest_first(const void *a, const void *b) {
    const struct wf_found *x = a, *y = b;
    if (x->ms != y->ms)
        return x->ms < y->ms ? 1 : -1;
    return x->id < y->id ? 1 : x->id > y->id ? -1 : 0;
}

/* All that can be taken, newest first. */
static void sort_takeable(const struct wf_search *search,
                          const struct wf_search_list *frontier,
                          struct wf_found_list *all) {
    for (size_t i = 0; i < search->list_count; i++) {
        const struct wf_search_list *list = &search->lists[i];
        for (size_t at = list->at; can_be_taken(list, at, frontier); at++) {
            const struct wf_listed *item = &list->lister.items[at];
            const struct wf_found found = {item->place_ms, item->id, i, at};
            wf_found_add(all, &found);
        }
    }
    if (all->count > 1)
        qsort(all->items, all->count, sizeof(*all->items), newest_first);
}

static void take(struct wf_search *search,
                 const struct wf_search_list *frontier) {
    struct wf_found_list all = {0};
    size_t count;
    sort_takeable(search, frontier, &all);
    count = all.count < search->wanted ? all.count : search->wanted;
    search->taken.count = 0;
    for (size_t i = 0; i < count; i++) {
        wf_found_add(&search->taken, &all.items[i]);
        search->lists[all.items[i].list].at = all.items[i].item + 1;
    }
    search->is_complete = !frontier && count == all.count;
    if (count < all.count || !frontier) {
        search->end_ms = count ? all.items[count - 1].ms : search->before_ms;
        search->end_id = count ? all.items[count - 1].id : search->before_id;
    } else {
        search->end_ms = frontier->lister.before_ms;
        search->end_id = frontier->lister.before_id;
    }
    free(all.items);
}

static void go_on(struct wf_search *search);

static void gathered(void *arg) {
    struct wf_search *search = arg;
    search->gathered(search);
}

static void stepped(void *arg) {
    struct wf_search *search = arg;
    search->in_flight--;
    go_on(search);
}

static void step(struct wf_search *search, struct wf_search_list *list,
                 unsigned rows) {
    list->lister.scan_rows = rows;
    search->in_flight++;
    wf_lister_step(&list->lister, search->wanted, stepped, search);
}

static unsigned first_rows(const struct wf_search *search) {
    size_t rows = WF_SEARCH_LOOKS / (search->list_count + 1);
    return rows < FEWEST_ROWS ? FEWEST_ROWS
           : rows > SCAN_ROWS ? SCAN_ROWS
                              : (unsigned)rows;
}

/* False: not all lists have made their first step yet. */
static bool begin_lists(struct wf_search *search) {
    unsigned rows = first_rows(search);
    while (search->begun < search->list_count &&
           search->in_flight < MOST_IN_FLIGHT)
        step(search, &search->lists[search->begun++], rows);
    return search->in_flight == 0;
}

static void go_on(struct wf_search *search) {
    if (!begin_lists(search))
        return;
    struct wf_search_list *frontier = frontier_of(search);
    if (!frontier || search->looked_at >= WF_SEARCH_LOOKS ||
        count_takeable(search, frontier) >= search->wanted) {
        take(search, frontier);
        wf_engine_after(search->engine, gathered, search);
        return;
    }
    search->looked_at += SCAN_ROWS;
    step(search, frontier, SCAN_ROWS);
}

void wf_search_gather(struct wf_search *search, size_t wanted,
                      void (*gathered_fn)(struct wf_search *search)) {
    search->wanted = wanted;
    search->gathered = gathered_fn;
    go_on(search);
}
