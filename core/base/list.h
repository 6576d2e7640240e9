/*
 * list.h - an intrusive, doubly linked list. A link is part of the struct
 * that is in the list; all-zero means "in no list".
 */
#ifndef WF_LIST_H
#define WF_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct wf_link {
    struct wf_link *previous, *next;
};

#define WF_ENTRY(link, type, member) \
    ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void wf_list_init(struct wf_link *list) {
    list->previous = list->next = list;
}

static inline bool wf_list_is_empty(const struct wf_link *list) {
    return list->next == list;
}

static inline bool wf_link_is_in(const struct wf_link *link) {
    return link->next != NULL;
}

static inline void wf_list_append(struct wf_link *list, struct wf_link *link) {
    link->previous = list->previous;
    link->next = list;
    list->previous->next = link;
    list->previous = link;
}

static inline void wf_list_remove(struct wf_link *link) {
    if (!link->next)
        return;
    link->previous->next = link->next;
    link->next->previous = link->previous;
    link->previous = link->next = NULL;
}

/** Takes the first link out; NULL if the list is empty. */
static inline struct wf_link *wf_list_shift(struct wf_link *list) {
    struct wf_link *link = list->next;
    if (link == list)
        return NULL;
    list->next = link->next;
    link->next->previous = list;
    link->previous = link->next = NULL;
    return link;
}

#endif
