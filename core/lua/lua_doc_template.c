/*
 * lua_doc_template.c - templates of the module "wf.doc": literal JSON text
 * with holes, filled without building anything in between.
 *
 * A template owns no memory of its own: its texts are Lua strings and its
 * paths Lua userdata, kept alive by the table that is its environment.
 */
#include "lua_doc_value.h"

enum part_kind {
    PART_TEXT,
    PART_INPUT,   /**< A path into the input. */
    PART_CONTEXT, /**< A path into the context. */
    PART_SLOT,    /**< An argument of render. */
};

struct part {
    enum part_kind kind;
    int slot; /**< From 1. */
    union {
        struct wf_str text;
        const struct wf_path *path;
    };
};

struct template {
    int count;
    struct part parts[];
};

/* Sources and slots of render's arguments on the stack. */
#define ARG_INPUT 2
#define ARG_CONTEXT 3
#define PIECES_ON_STACK 48

static int field_integer(lua_State *L, const char *name, int fallback) {
    lua_getfield(L, -1, name);
    int number = lua_isnil(L, -1) ? fallback : (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return number;
}

/* Reads the hole at the top; anchors its path in the table at `anchor`. */
static void read_hole(lua_State *L, struct part *part, int i, int anchor) {
    lua_getfield(L, -1, "path");
    if (wf_lua_is(L, -1, UP_PATH)) {
        part->path = wf_lua_check_path(L, lua_gettop(L));
        lua_rawseti(L, anchor, i);
        int source = field_integer(L, "source", 1);
        if (source != 1 && source != 2)
            luaL_error(L, "part %d: source is 1 (input) or 2 (context)", i);
        part->kind = source == 1 ? PART_INPUT : PART_CONTEXT;
        return;
    }
    lua_pop(L, 1);
    part->kind = PART_SLOT;
    part->slot = field_integer(L, "slot", 0);
    if (part->slot < 1)
        luaL_error(L, "part %d: a hole has a path or a slot (from 1)", i);
}

static void read_text(lua_State *L, struct part *part, int i, int anchor) {
    part->kind = PART_TEXT;
    part->text.data = lua_tolstring(L, -1, &part->text.len);
    lua_pushvalue(L, -1);
    lua_rawseti(L, anchor, i);
}

static bool blank(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* A document's text has no blanks around it. */
static void trim_ends(struct template *template) {
    struct part *first = &template->parts[0];
    struct part *last = &template->parts[template->count - 1];

    if (first->kind == PART_TEXT)
        while (first->text.len && blank(first->text.data[0]))
            first->text.data++, first->text.len--;
    if (last->kind == PART_TEXT)
        while (last->text.len && blank(last->text.data[last->text.len - 1]))
            last->text.len--;
}

int wf_lua_doc_template(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    int count = (int)lua_objlen(L, 1);
    luaL_argcheck(L, count > 0, 1, "a template has at least one part");
    size_t size = sizeof(struct template) + (size_t)count *
                  sizeof(struct part);
    struct template *template = lua_newuserdata(L, size);
    int self = lua_gettop(L), anchor = self + 1;

    memset(template, 0, size);
    template->count = count;
    lua_createtable(L, count, 0);
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, i);
        if (lua_type(L, -1) == LUA_TSTRING)
            read_text(L, &template->parts[i - 1], i, anchor);
        else if (lua_istable(L, -1))
            read_hole(L, &template->parts[i - 1], i, anchor);
        else
            return luaL_error(L, "part %d of a template is a %s, not text "
                              "or a hole", i, luaL_typename(L, -1));
        lua_pop(L, 1);
    }
    trim_ends(template);
    lua_setfenv(L, self); /* takes the anchor */
    lua_pushvalue(L, UP_TEMPLATE);
    lua_setmetatable(L, self);
    return 1;
}

/* The arguments of one rendering: checked once, however many the holes. */
struct sources {
    int top;
    struct wf_value input;
    struct wf_value context; /**< doc NULL: not asked for yet. */
};

/* The context, which a function gives when it is first asked for. */
static struct wf_value context_value(lua_State *L) {
    if (lua_isfunction(L, ARG_CONTEXT)) {
        lua_pushvalue(L, ARG_CONTEXT);
        if (lua_pcall(L, 0, 1, 0) != 0)
            lua_error(L);
        lua_replace(L, ARG_CONTEXT);
    }
    return wf_lua_check_value(L, ARG_CONTEXT);
}

/* What belongs in a hole; false if its path finds nothing. */
static bool fill_hole(lua_State *L, const struct part *part,
                      struct sources *from, struct wf_value *found) {
    int slot = ARG_CONTEXT + part->slot;

    switch (part->kind) {
    case PART_INPUT:
        *found = from->input;
        return wf_lua_find(L, part->path, found);
    case PART_CONTEXT:
        if (!from->context.doc)
            from->context = context_value(L);
        *found = from->context;
        return wf_lua_find(L, part->path, found);
    default:
        if (slot > from->top)
            luaL_error(L, "no argument for slot %d", part->slot);
        *found = wf_lua_check_value(L, slot);
        return true;
    }
}

static int not_found(lua_State *L, int part) {
    lua_pushnil(L);
    lua_pushinteger(L, part);
    return 2;
}

/* A template that is nothing but a hole: what fills it, not a copy. */
static int render_whole(lua_State *L, const struct part *part,
                        struct sources *from) {
    struct wf_value found;

    if (!fill_hole(L, part, from, &found))
        return not_found(L, 1);
    struct wf_value *value = wf_lua_new_value(L);
    *value = (struct wf_value){wf_doc_ref(found.doc), found.node};
    return 1;
}

static struct wf_doc *join(const struct wf_str *pieces, int count,
                           size_t len) {
    struct wf_doc *doc = wf_doc_new(len);
    char *to = doc->text;

    for (int i = 0; i < count; i++) {
        memcpy(to, pieces[i].data, pieces[i].len);
        to += pieces[i].len;
    }
    return doc;
}

int wf_lua_template_render(lua_State *L) {
    const struct template *self = lua_touserdata(L, 1);
    struct wf_str on_stack[PIECES_ON_STACK], *pieces = on_stack;
    struct sources from = {.top = lua_gettop(L)};
    size_t len = 0;

    if (!wf_lua_is(L, 1, UP_TEMPLATE))
        return luaL_typerror(L, 1, "wf.template");
    from.input = wf_lua_check_value(L, ARG_INPUT);
    if (self->count == 1 && self->parts[0].kind != PART_TEXT)
        return render_whole(L, &self->parts[0], &from);
    if (self->count > PIECES_ON_STACK)
        pieces = lua_newuserdata(L, (size_t)self->count * sizeof(*pieces));
    for (int i = 0; i < self->count; i++) {
        const struct part *part = &self->parts[i];
        if (part->kind == PART_TEXT) {
            pieces[i] = part->text;
        } else {
            struct wf_value found;
            if (!fill_hole(L, part, &from, &found))
                return not_found(L, i + 1);
            pieces[i] = wf_value_text(found);
        }
        len += pieces[i].len;
    }
    wf_lua_spend_bytes(L, wf_lua_own_budget(L), len);
    struct wf_value *value = wf_lua_new_value(L);
    wf_lua_own_doc(L, value, join(pieces, self->count, len));
    return 1;
}
