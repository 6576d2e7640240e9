/* listed.c - what lists of executions show, and their tokens. See lister.h. */
#include <stdio.h>
#include <stdlib.h>

#include "lister.h"

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

static void set_arns(const struct wf_listed *item,
                     const struct wf_list_arns *of,
                     struct wf_listed_arns *arns) {
    wf_buf_addstr(&arns->execution, text_of(&of->prefix));
    wf_buf_adds(&arns->execution, item->name);
    if (item->version) {
        wf_buf_addstr(&arns->version, text_of(&of->machine));
        wf_buf_addf(&arns->version, ":%u", (unsigned)item->version);
    }
    if (item->alias) {
        wf_buf_addstr(&arns->alias, text_of(&of->machine));
        wf_buf_addf(&arns->alias, ":%s", item->alias);
    }
}

void wf_listed_reply(const struct wf_listed *item,
                     const struct wf_list_arns *of,
                     struct wf_listed_arns *arns,
                     struct wf_execution_reply *reply) {
    set_arns(item, of, arns);
    *reply = (struct wf_execution_reply){
        .arn = text_of(&arns->execution),
        .name = wf_str(item->name),
        .state_machine_arn = text_of(&of->machine),
        .state_machine_version_arn = text_of(&arns->version),
        .state_machine_alias_arn = text_of(&arns->alias),
        .map_run_arn = text_of(&of->run),
        .item_count = item->items,
        .status = item->status,
        .start_ms = item->start_ms,
        .stop_ms = item->stop_ms,
        .redrive_count = item->redrives,
        .redrive_ms = item->redrive_ms,
        .paused_ms = item->paused_ms,
    };
}

void wf_list_arns_free(struct wf_list_arns *arns) {
    wf_buf_free(&arns->prefix);
    wf_buf_free(&arns->machine);
    wf_buf_free(&arns->run);
}

void wf_listed_arns_free(struct wf_listed_arns *arns, size_t count) {
    for (size_t i = 0; i < count; i++) {
        wf_buf_free(&arns[i].execution);
        wf_buf_free(&arns[i].version);
        wf_buf_free(&arns[i].alias);
    }
    free(arns);
}

/* ---- places, as tokens ---- */

bool wf_place_read(struct wf_str token, int64_t *ms, uint64_t *id) {
    char text[48];
    unsigned long long start, number;
    int end = 0;
    *ms = INT64_MAX;
    *id = UINT64_MAX;
    if (token.len == 0)
        return true;
    if (token.len >= sizeof(text))
        return false;
    memcpy(text, token.data, token.len);
    text[token.len] = '\0';
    if (sscanf(text, "%16llx-%16llx%n", &start, &number, &end) != 2 ||
        (size_t)end != token.len)
        return false;
    *ms = (int64_t)start;
    *id = number;
    return true;
}

void wf_place_put(char token[48], int64_t ms, uint64_t id) {
    snprintf(token, 48, "%llx-%llx", (unsigned long long)ms,
             (unsigned long long)id);
}
