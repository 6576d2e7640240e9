/*
 * lua_json_merge.c - decoded data that may have been changed, as JSON text:
 * what did not change is copied from the source. See lua_json.h.
 *
 * Copies are collected in a run as long as they follow each other in the
 * source, so a tree that was not touched is a single copy.
 */
#include "lua_json_encode.h"

#include <lauxlib.h>

static void copy(struct wf_json_encoder *e, uint32_t from, uint32_t to) {
    if (from == e->run_end && e->run_end > e->run) {
        e->run_end = to;
        return;
    }
    wf_json_out(e);
    e->run = from;
    e->run_end = to;
}

static struct wf_str raw_string(struct wf_value value) {
    const struct wf_node *node = &value.doc->nodes[value.node];
    return (struct wf_str){value.doc->text + node->start + 1,
                           node->end - node->start - 2};
}

static bool same_string(lua_State *L, int index, struct wf_value value) {
    struct wf_str text, raw = raw_string(value);

    text.data = lua_tolstring(L, index, &text.len);
    if (value.doc->nodes[value.node].count == 0)
        return wf_str_eq(raw, text);
    return wf_string_is(raw, text);
}

/* True if the Lua value is what decoding this scalar gives. */
static bool same_scalar(lua_State *L, int index, struct wf_value value) {
    enum wf_json_type from = value.doc->nodes[value.node].type;

    switch (lua_type(L, index)) {
    case LUA_TLIGHTUSERDATA:
        return from == WF_JSON_NULL && !lua_touserdata(L, index);
    case LUA_TBOOLEAN:
        return from == (lua_toboolean(L, index) ? WF_JSON_TRUE
                                                : WF_JSON_FALSE);
    case LUA_TNUMBER:
        return from == WF_JSON_NUMBER &&
               lua_tonumber(L, index) == wf_value_number(value);
    case LUA_TSTRING:
        return from == WF_JSON_STRING && same_string(L, index, value);
    default:
        return false;
    }
}

/* True if the Lua value is this container's table. */
static bool same_container(struct wf_json_encoder *e, int index,
                           struct wf_value value) {
    if (!lua_istable(e->L, index))
        return false;
    lua_pushvalue(e->L, index);
    lua_rawget(e->L, e->options.origin);
    bool same = lua_type(e->L, -1) == LUA_TNUMBER &&
                wf_json_node(lua_tonumber(e->L, -1)) == value.node;
    lua_pop(e->L, 1);
    return same;
}

int wf_json_item(struct wf_json_encoder *e, int index, uint32_t at,
                 const struct wf_json_place *place) {
    if (same_scalar(e->L, index, (struct wf_value){e->source, at})) {
        copy(e, e->source->nodes[at].start, e->source->nodes[at].end);
        return 0;
    }
    return wf_json_value(e, index, place);
}

/* Pushes the characters of a string node. [-0, +1] */
static void push_name(struct wf_json_encoder *e, uint32_t at) {
    struct wf_str raw = raw_string((struct wf_value){e->source, at});

    if (e->source->nodes[at].count == 0) {
        lua_pushlstring(e->L, raw.data, raw.len);
        return;
    }
    char *text = lua_newuserdata(e->L, raw.len);
    lua_pushlstring(e->L, text, wf_string_unescape(raw, text));
    lua_remove(e->L, -2);
}

/** Merging one object. */
struct merge {
    struct wf_json_encoder *e;
    int table;       /**< Stack index of the Lua table. */
    int last;        /**< Of a table: name to its last node; 0: none yet. */
    uint32_t object; /**< Node of the source. */
    bool duplicates;
    size_t kept;     /**< Members written. */
    size_t found;    /**< Different names of the source still there. */
    const struct wf_json_place *place;
};

/* Pushes the table from names to the node of their last value. [-0, +1] */
static void push_last(struct merge *m) {
    const struct wf_node *nodes = m->e->source->nodes;
    lua_State *L = m->e->L;

    lua_createtable(L, 0, (int)nodes[m->object].count);
    m->last = lua_gettop(L);
    for (uint32_t at = m->object + 1; at < nodes[m->object].next;
         at = nodes[at + 1].next) {
        push_name(m->e, at);
        lua_pushnumber(L, at + 1.0);
        lua_rawset(L, m->last);
    }
}

/*
 * Looks at the name at `at` among duplicates; its Lua value is at the top.
 * True if this member is to be written: the last one always, an earlier one
 * as long as the last did not change.
 */
static bool keep_duplicate(struct merge *m, uint32_t at) {
    lua_State *L = m->e->L;

    push_name(m->e, at);
    lua_rawget(L, m->last);
    uint32_t last = (uint32_t)lua_tonumber(L, -1);
    lua_pop(L, 1);
    if (last == at + 1) {
        m->found++;
        return true;
    }
    struct wf_value value = {m->e->source, last};
    return same_scalar(L, lua_gettop(L), value) ||
           same_container(m->e, lua_gettop(L), value);
}

/* Source text from behind the member before (`behind`) up to the value. */
static void copy_name(struct merge *m, uint32_t behind, uint32_t at) {
    const struct wf_node *nodes = m->e->source->nodes;

    if (m->kept++ == 0) { /* no comma, whatever was dropped */
        copy(m->e, nodes[m->object].start, nodes[m->object + 1].start);
        behind = nodes[at].start;
    }
    copy(m->e, behind, nodes[at + 1].start);
}

/* The member at `at`; `behind`: where the one before ended. */
static int merge_member(struct merge *m, uint32_t behind, uint32_t at) {
    lua_State *L = m->e->L;
    struct wf_json_place place = {
        .up = m->place, .depth = m->place->depth + 1,
        .name = raw_string((struct wf_value){m->e->source, at})};
    bool keep;
    int rc = 0;

    push_name(m->e, at);
    lua_rawget(L, m->table);
    keep = !lua_isnil(L, -1);
    if (keep && m->duplicates)
        keep = keep_duplicate(m, at);
    else if (keep)
        m->found++;
    if (keep) {
        bool last = true;
        copy_name(m, behind, at);
        if (m->duplicates) {
            push_name(m->e, at);
            lua_rawget(L, m->last);
            last = lua_tonumber(L, -1) == at + 1.0;
            lua_pop(L, 1);
        }
        if (last)
            rc = wf_json_item(m->e, lua_gettop(L), at + 1, &place);
        else
            copy(m->e, m->e->source->nodes[at + 1].start,
                 m->e->source->nodes[at + 1].end);
    }
    lua_pop(L, 1);
    return rc;
}

/* Members the source does not have: sorted, behind the others. */
static int write_new(struct merge *m, size_t count) {
    lua_State *L = m->e->L;
    struct wf_str *names = lua_newuserdata(L, count * sizeof(*names));
    size_t n = 0;

    for (lua_pushnil(L); lua_next(L, m->table); lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_rawget(L, m->last);
        if (lua_isnil(L, -1) && n < count) {
            names[n].data = lua_tolstring(L, -3, &names[n].len);
            n++;
        }
        lua_pop(L, 1);
    }
    wf_json_sort(names, n);
    for (size_t i = 0; i < n; i++) {
        if (m->kept++)
            wf_buf_u8(wf_json_out(m->e), ',');
        if (wf_json_member(m->e, m->table, names[i], m->place) != 0)
            return -1;
    }
    return 0;
}

static int merge_members(struct merge *m, size_t entries) {
    const struct wf_node *nodes = m->e->source->nodes;
    const struct wf_node *object = &nodes[m->object];
    uint32_t behind = object->start + 1;

    if (m->duplicates)
        push_last(m);
    for (uint32_t at = m->object + 1; at < object->next;
         at = nodes[at + 1].next) {
        if (merge_member(m, behind, at) != 0)
            return -1;
        behind = nodes[at + 1].end;
    }
    if (m->kept == 0)
        copy(m->e, object->start, object->start + 1);
    if (entries > m->found) {
        if (!m->last)
            push_last(m);
        if (write_new(m, entries - m->found) != 0)
            return -1;
    }
    copy(m->e, behind, object->end);
    return 0;
}

static int merge_object(struct wf_json_encoder *e, int index, double mark,
                        const struct wf_json_place *place) {
    struct merge m = {
        .e = e, .table = index, .object = wf_json_node(mark),
        .duplicates = mark < 0, .place = place,
    };
    bool names, sequence;
    size_t entries = wf_json_count(e->L, index, &names, &sequence);
    int top = lua_gettop(e->L);

    if (!names)
        return 1;
    int rc = merge_members(&m, entries);
    lua_settop(e->L, top);
    return rc;
}

/* The element at `at`, the i-th. */
static int merge_element(struct wf_json_encoder *e, int index, int i,
                         uint32_t at, const struct wf_json_place *up) {
    struct wf_json_place place = {
        .up = up, .index = i, .depth = up->depth + 1};

    lua_rawgeti(e->L, index, i);
    int item = lua_gettop(e->L);
    int rc = at ? wf_json_item(e, item, at, &place)
                : wf_json_value(e, item, &place);
    lua_pop(e->L, 1);
    return rc;
}

static int merge_array(struct wf_json_encoder *e, int index, uint32_t array,
                       const struct wf_json_place *place) {
    const struct wf_node *nodes = e->source->nodes, *node = &nodes[array];
    uint32_t behind = node->start; /* the text before it is written */
    uint32_t at = array + 1, last = node->start + 1;
    bool names, sequence;
    size_t entries = wf_json_count(e->L, index, &names, &sequence);

    if (!sequence)
        return 1;
    for (size_t i = 1; i <= entries; i++) {
        bool known = at < node->next;
        if (known)
            copy(e, behind, nodes[at].start);
        else if (i == 1)
            copy(e, behind, behind + 1);
        else
            wf_buf_u8(wf_json_out(e), ',');
        if (merge_element(e, index, (int)i, known ? at : 0, place) != 0)
            return -1;
        if (known) {
            behind = last = nodes[at].end;
            at = nodes[at].next;
        }
    }
    if (entries == 0)
        copy(e, node->start, node->start + 1);
    for (; at < node->next; at = nodes[at].next)
        last = nodes[at].end; /* dropped */
    copy(e, last, node->end);
    return 0;
}

int wf_json_merge(struct wf_json_encoder *e, int index, double mark,
                  const struct wf_json_place *place) {
    uint32_t node = wf_json_node(mark);

    if (e->source->nodes[node].type == WF_JSON_ARRAY)
        return merge_array(e, index, node, place);
    return merge_object(e, index, mark, place);
}
