/* ended.c - rows of executions that have ended. See ended.h. */
#include "ended.h"

#include <stdlib.h>

struct wf_ended_row {
    uint64_t id;
    uint32_t machine;
    size_t name_slot;
    struct wf_str name, row; /* both stand in bytes[] */
    char bytes[];
};

static size_t id_slot(uint64_t id) {
    return id * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (WF_ENDED_SLOTS - 1);
}

static size_t name_slot(uint32_t machine, struct wf_str name) {
    return (wf_str_hash(name) ^ machine * UINT64_C(0x9e3779b1)) &
           (WF_ENDED_SLOTS - 1);
}

static void forget(struct wf_ended *ended, size_t slot) {
    struct wf_ended_row *kept = ended->by_id[slot];
    if (!kept)
        return;
    if (ended->by_name[kept->name_slot] == kept)
        ended->by_name[kept->name_slot] = NULL;
    ended->by_id[slot] = NULL;
    free(kept);
}

void wf_ended_keep(struct wf_ended *ended, uint64_t id, uint32_t machine,
                   struct wf_str name, struct wf_str row) {
    size_t slot = id_slot(id);
    if (row.len > WF_ENDED_ROW_BYTES)
        return;
    struct wf_ended_row *kept =
        wf_malloc(sizeof(*kept) + name.len + row.len);
    kept->id = id;
    kept->machine = machine;
    kept->name_slot = name_slot(machine, name);
    memcpy(kept->bytes, name.data, name.len);
    memcpy(kept->bytes + name.len, row.data, row.len);
    kept->name = (struct wf_str){kept->bytes, name.len};
    kept->row = (struct wf_str){kept->bytes + name.len, row.len};
    forget(ended, slot); /* `row` may be what it holds */
    ended->by_id[slot] = kept;
    ended->by_name[kept->name_slot] = kept;
}

struct wf_str wf_ended_row(const struct wf_ended *ended, uint64_t id) {
    const struct wf_ended_row *kept = ended->by_id[id_slot(id)];
    return kept && kept->id == id ? kept->row : WF_STR_NULL;
}

uint64_t wf_ended_find(const struct wf_ended *ended, uint32_t machine,
                       struct wf_str name) {
    const struct wf_ended_row *kept = ended->by_name[name_slot(machine, name)];
    return kept && kept->machine == machine && wf_str_eq(kept->name, name)
               ? kept->id
               : 0;
}

void wf_ended_forget(struct wf_ended *ended, uint64_t id) {
    size_t slot = id_slot(id);
    ended->forgotten++;
    if (ended->by_id[slot] && ended->by_id[slot]->id == id)
        forget(ended, slot);
}

void wf_ended_free(struct wf_ended *ended) {
    for (size_t slot = 0; slot < WF_ENDED_SLOTS; slot++)
        forget(ended, slot);
}
