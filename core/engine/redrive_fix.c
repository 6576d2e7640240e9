/* redrive_fix.c - a redrive that changes something. See redrive_fix.h. */
#include "redrive_fix.h"

#include <ctype.h>
#include <stdlib.h>

#include "engine_impl.h"
#include "qualifiers.h"

/* ---- what is given ---- */

static char *copy(struct wf_str text) {
    return text.len ? wf_strndup(text.data, text.len) : NULL;
}

static struct wf_doc *parse(struct wf_str text, const char *what,
                            struct wf_buf *why) {
    const struct wf_doc_limits limits = {.max_bytes = WF_EVALUATE_BYTES};
    struct wf_error err;
    struct wf_doc *doc = wf_doc_parse(text, &limits, &err);
    if (!doc)
        wf_buf_addf(why, "%s: %s", what, err.message);
    return doc;
}

/* As lua/asl/variable_name.lua. */
static bool is_variable_name(struct wf_str name) {
    size_t characters = 0;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.data[i];
        if (c < 128 && c != '_' && !isalpha(c) && (i == 0 || !isdigit(c)))
            return false;
        characters += (c & 0xc0) != 0x80;
    }
    return characters > 0 && characters <= 80 &&
           !wf_str_eq(name, WF_STR("states"));
}

static bool names_are_good(struct wf_doc *variables, struct wf_buf *why) {
    const struct wf_node *nodes = wf_doc_nodes(variables);
    struct wf_buf name = {0};
    bool good = true;
    struct wf_value key = {variables, 1};
    for (uint32_t i = 0; good && i < nodes[0].count; i++) {
        name.len = 0;
        wf_value_string(key, &name);
        good = is_variable_name((struct wf_str){name.data, name.len});
        if (!good) {
            wf_buf_adds(why, "variables: '");
            wf_buf_add(why, name.data, name.len);
            wf_buf_adds(why, "' is no name of a variable that can be "
                             "assigned");
        }
        key.node = nodes[key.node + 1].next; /* behind its value */
    }
    wf_buf_free(&name);
    return good;
}

bool wf_redrive_fix_read(const struct wf_fix *given,
                         struct wf_redrive_fix *fix, struct wf_buf *why) {
    *fix = (struct wf_redrive_fix){
        .version_arn = copy(given->version_arn),
        .revision = copy(given->revision),
        .from_state = copy(given->from_state),
        .is_dry = given->is_dry,
    };
    if (fix->version_arn && fix->revision) {
        wf_buf_adds(why, "Give stateMachineVersionArn or revision, not both");
        return false;
    }
    if (given->input.data &&
        !(fix->input = parse(given->input, "input", why)))
        return false;
    if (!given->variables.data)
        return true;
    fix->variables = parse(given->variables, "variables", why);
    if (!fix->variables)
        return false;
    if (wf_value_type((struct wf_value){fix->variables, 0}) !=
        WF_JSON_OBJECT) {
        wf_buf_adds(why, "variables: an object of names and values is "
                         "expected");
        return false;
    }
    return names_are_good(fix->variables, why);
}

void wf_redrive_fix_free(struct wf_redrive_fix *fix) {
    free(fix->version_arn);
    free(fix->revision);
    free(fix->from_state);
    wf_doc_unref(fix->input);
    wf_doc_unref(fix->variables);
    *fix = (struct wf_redrive_fix){0};
}

/* ---- which revision ---- */

static void target_is(struct wf_redrive *redrive, struct wf_machine *machine) {
    if (!machine->ready) {
        wf_redrive_refuse(redrive, "The definition that it is to go on with "
                                   "can't be loaded by this version of the "
                                   "engine");
        return;
    }
    redrive->target = machine;
    wf_redrive_with_target(redrive);
}

static void latest_ready(void *arg, struct wf_machine *machine) {
    target_is(arg, machine);
}

static void version_found(void *arg, const struct wf_qualified *found) {
    struct wf_redrive *redrive = arg;
    if (found && found->version && found->machine->id == redrive->machine->id)
        target_is(redrive, found->machine);
    else
        wf_redrive_refuse(redrive, "There is no such version of the "
                                   "execution's state machine");
}

static void find_version(struct wf_redrive *redrive) {
    struct wf_engine *engine = redrive->engine;
    struct wf_buf why = {0};
    struct wf_arn arn;
    if (!wf_arn_read(wf_str(redrive->fix->version_arn), "stateMachine", NULL,
                     &arn, &why))
        wf_redrive_refuse(redrive, "stateMachineVersionArn is no ARN of a "
                                   "version");
    else if (!wf_arn_is_number(arn.rest) || wf_arn_has_label(&arn) ||
             !wf_str_eq(arn.name, wf_str(redrive->machine->name)))
        wf_redrive_refuse(redrive, "stateMachineVersionArn is no ARN of a "
                                   "version of the execution's state machine");
    else
        wf_machine_by_arn(engine, &arn, false, version_found, redrive);
    wf_buf_free(&why);
}

/* From the newest one to the oldest. */
static void look_at_revision(void *arg, struct wf_machine *machine) {
    struct wf_redrive *redrive = arg;
    const char *id = machine->revision_id ? machine->revision_id : "INITIAL";
    if (machine->name && strcmp(id, redrive->fix->revision) == 0)
        target_is(redrive, machine);
    else if (machine->revision > 1)
        wf_machine_need(redrive->engine,
                        wf_machine_of(redrive->engine, machine->id,
                                      machine->revision - 1),
                        look_at_revision, redrive);
    else
        wf_redrive_refuse(redrive, "The execution's state machine has no "
                                   "such revision");
}

void wf_redrive_find_target(struct wf_redrive *redrive,
                            struct wf_machine_head *head) {
    const struct wf_redrive_fix *fix = redrive->fix;
    struct wf_engine *engine = redrive->engine;
    bool is_latest = fix && fix->revision &&
                     strcmp(fix->revision, "latest") == 0;
    redrive->target = redrive->machine;
    if (!fix || (!fix->revision && !fix->version_arn))
        wf_redrive_with_target(redrive);
    else if (fix->version_arn)
        find_version(redrive);
    else
        wf_machine_need(engine,
                        wf_machine_of(engine, head->id, head->revision),
                        is_latest ? latest_ready : look_at_revision, redrive);
}

/* ---- what it means for the execution ---- */

struct merge {
    struct wf_redrive *redrive;
    void (*done)(struct wf_redrive *redrive);
};

static void variables_read(void *arg, struct wf_str text) {
    struct merge *merge = arg;
    struct wf_redrive *redrive = merge->redrive;
    struct wf_redrive_fix *fix = redrive->fix;
    void (*done)(struct wf_redrive *) = merge->done;
    wf_call_free(merge);
    if (!text.data) {
        wf_redrive_refuse(redrive, "The execution's variables can't be read");
        return;
    }
    struct wf_doc *before = wf_doc_trusted(text);
    struct wf_doc *merged =
        wf_object_merge((struct wf_value){before, 0},
                        (struct wf_value){fix->variables, 0});
    wf_doc_unref(before);
    wf_doc_unref(fix->variables);
    fix->variables = merged;
    done(redrive);
}

static void merge_variables(struct wf_redrive *redrive,
                            void (*done)(struct wf_redrive *redrive)) {
    struct wf_redrive_fix *fix = redrive->fix;
    if (!fix->variables || !fix->place.variables) {
        done(redrive);
        return;
    }
    struct merge *merge =
        wf_call_new(redrive->engine, sizeof(*merge), NULL);
    *merge = (struct merge){redrive, done};
    wf_doc_read(redrive->engine, wf_redrive_source(redrive),
                fix->place.variables, 0, variables_read, merge);
}

void wf_redrive_apply_fix(struct wf_redrive *redrive,
                          void (*done)(struct wf_redrive *redrive)) {
    struct wf_redrive_fix *fix = redrive->fix;
    if (!fix) {
        done(redrive);
        return;
    }
    const struct wf_rebuild_fix asked = {
        .machine = redrive->target,
        .from_state = wf_str(fix->from_state),
        .has_input = fix->input != NULL,
        .has_variables = fix->variables != NULL,
    };
    struct wf_buf why = {0};
    if (!wf_rebuild_fix(redrive->rebuild, &asked, &why)) {
        wf_buf_u8(&why, 0);
        wf_redrive_refuse(redrive, why.data);
        wf_buf_free(&why);
        return;
    }
    wf_rebuild_place(redrive->rebuild, &fix->place);
    fix->machine = redrive->target;
    if (!fix->place.is_unknown)
        fix->state = redrive->target->states[fix->place.state].name;
    merge_variables(redrive, done);
}

void wf_redrive_fix_event(struct wf_redrive *redrive, struct wf_frame *root,
                          struct wf_event *event) {
    const struct wf_redrive_fix *fix = redrive->fix;
    struct wf_execution *execution = root->execution;
    struct wf_engine *engine = redrive->engine;
    if (!fix)
        return;
    if (fix->input)
        wf_execution_doc(engine, execution, fix->input, NULL, &root->input);
    if (fix->variables)
        wf_execution_doc(engine, execution, fix->variables, NULL,
                         &root->variables);
    if (fix->place.is_entered_anew) {
        event->fields |= WF_EVENT_HAS_STATE | WF_EVENT_HAS_DOC;
        event->state = root->state;
        event->doc = root->input.number;
        if (root->variables.number)
            event->fields |= WF_EVENT_HAS_ASSIGNED;
        event->assigned = root->variables.number;
    }
    if (redrive->target != redrive->machine) {
        event->fields |= WF_EVENT_HAS_TEXT;
        event->text = redrive->target->revision_id
                          ? wf_str(redrive->target->revision_id)
                          : WF_STR("INITIAL");
    }
}
