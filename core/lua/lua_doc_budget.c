/* lua_doc_budget.c - what a decision may cost. See lua_doc.h. */
#include "clock.h"
#include "lua_doc_value.h"

/* Its address is the error value of a budget that is used up. */
static const char spent_key;

static void raise_spent(lua_State *L) {
    lua_pushlightuserdata(L, (void *)&spent_key);
    lua_error(L);
}

bool wf_lua_is_spent(lua_State *L, int index) {
    return lua_touserdata(L, index) == (const void *)&spent_key;
}

static void end(struct wf_lua_budget *budget, int why) {
    budget->steps = -1;
    budget->more = 0;
    if (!budget->spent)
        budget->spent = why;
}

void wf_lua_budget_end(struct wf_lua_budget *budget) {
    end(budget, WF_SPENT_STEPS);
}

bool wf_lua_budget_is_over(struct wf_lua_budget *budget) {
    if (budget->stop && atomic_load(budget->stop))
        end(budget, WF_SPENT_STEPS);
    else if (budget->deadline_ns && wf_clock_mono_ns() > budget->deadline_ns)
        end(budget, WF_SPENT_TIME);
    return budget->spent != WF_SPENT_NOTHING;
}

void wf_lua_spend_more(lua_State *L, struct wf_lua_budget *budget) {
    uint64_t next = (uint64_t)-budget->steps + WF_BUDGET_SLICE;

    if (wf_lua_budget_is_over(budget))
        raise_spent(L);
    if (next > budget->more)
        next = budget->more;
    budget->more -= next;
    budget->steps += (int64_t)next;
    if (budget->steps >= 0)
        return;
    end(budget, WF_SPENT_STEPS);
    raise_spent(L);
}

void wf_lua_spend_bytes(lua_State *L, struct wf_lua_budget *budget,
                        size_t bytes) {
    wf_lua_spend_of(L, budget, bytes / WF_STEP_BYTES);
    if (bytes <= budget->bytes) {
        budget->bytes -= bytes;
        return;
    }
    end(budget, WF_SPENT_BYTES); /* nor anything else */
    raise_spent(L);
}

int wf_lua_doc_spend(lua_State *L) {
    lua_Number steps = luaL_checknumber(L, 1);
    luaL_argcheck(L, steps >= 0, 1, "steps are not negative");
    wf_lua_spend(L, steps < 1e15 ? (size_t)steps : (size_t)1e15);
    return 0;
}
