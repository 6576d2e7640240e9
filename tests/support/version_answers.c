/* version_answers.c - see version_answers.h. */
#include "version_answers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

const char answers_three[] = "{'StartAt':'S','States':{'S':{'Type':"
                             "'Pass','Result':3,'End':true}}}";
const char waits_two[] = "{'StartAt':'W','States':{'W':{'Type':'Wait',"
                         "'Seconds':3600,'Next':'S'},'S':{'Type':"
                         "'Pass','Result':2,'End':true}}}";

static void take(struct answer *answer, const struct wf_refusal *refusal) {
    answer->done = true;
    answer->text.len = answer->token.len = 0;
    snprintf(answer->exception, sizeof(answer->exception), "%s",
             refusal ? refusal->exception : "");
    if (refusal)
        wf_buf_addstr(&answer->text, refusal->message);
}

static struct wf_str tail_of(struct wf_str arn) {
    const size_t before = strlen(M);
    return arn.len > before
               ? (struct wf_str){arn.data + before, arn.len - before}
               : WF_STR("");
}

void versions_on_version(void *arg, const struct wf_refusal *refusal,
                         const struct wf_version_reply *version) {
    struct answer *answer = arg;
    take(answer, refusal);
    if (!refusal)
        wf_buf_addstr(&answer->text, tail_of(version->arn));
}

void versions_on_versions(void *arg, const struct wf_refusal *refusal,
                          const struct wf_version_reply *versions,
                          size_t count, struct wf_str token) {
    struct answer *answer = arg;
    take(answer, refusal);
    for (size_t i = 0; i < count; i++)
        wf_buf_addstr(&answer->text, tail_of(versions[i].arn));
    wf_buf_addstr(&answer->token, token);
}

/* ":PROD :1=90 :2=10 description" */
void versions_on_alias(void *arg, const struct wf_refusal *refusal,
                       const struct wf_alias_reply *alias) {
    struct answer *answer = arg;
    take(answer, refusal);
    if (refusal)
        return;
    wf_buf_addstr(&answer->text, tail_of(alias->arn));
    for (size_t i = 0; i < alias->route_count; i++) {
        struct wf_str version = tail_of(alias->routes[i].version_arn);
        wf_buf_addf(&answer->text, " %.*s=%u", (int)version.len, version.data,
                    alias->routes[i].weight);
    }
    if (alias->description.data) {
        wf_buf_u8(&answer->text, ' ');
        wf_buf_addstr(&answer->text, alias->description);
    }
}

void versions_on_aliases(void *arg, const struct wf_refusal *refusal,
                         const struct wf_alias_reply *aliases, size_t count,
                         struct wf_str token) {
    struct answer *answer = arg;
    take(answer, refusal);
    for (size_t i = 0; i < count; i++)
        wf_buf_addstr(&answer->text, tail_of(aliases[i].arn));
    wf_buf_addstr(&answer->token, token);
}

/* "version alias" of an execution, behind M. */
void versions_on_execution(void *arg, const struct wf_refusal *refusal,
                           const struct wf_execution_reply *reply) {
    struct answer *answer = arg;
    take(answer, refusal);
    if (refusal)
        return;
    wf_buf_addstr(&answer->text, tail_of(reply->state_machine_version_arn));
    wf_buf_addstr(&answer->text, tail_of(reply->state_machine_alias_arn));
    wf_buf_addstr(&answer->token, reply->arn);
}

/* "name:version:alias " of each. */
void versions_on_list(void *arg, const struct wf_refusal *refusal,
                      const struct wf_execution_reply *list, size_t count,
                      struct wf_str token) {
    struct answer *answer = arg;
    take(answer, refusal);
    for (size_t i = 0; i < count; i++) {
        wf_buf_addstr(&answer->text, list[i].name);
        wf_buf_addstr(&answer->text,
                      tail_of(list[i].state_machine_version_arn));
        wf_buf_addstr(&answer->text,
                      tail_of(list[i].state_machine_alias_arn));
        wf_buf_u8(&answer->text, ' ');
    }
    wf_buf_addstr(&answer->token, token);
}

static void on_history(void *arg, const struct wf_refusal *refusal,
                       const struct wf_history_event *events, size_t count,
                       struct wf_str token) {
    struct answer *answer = arg;
    (void)token;
    take(answer, refusal);
    if (count == 0)
        return;
    wf_buf_addstr(&answer->text, tail_of(events[0].version_arn));
    wf_buf_addstr(&answer->text, tail_of(events[0].alias_arn));
}

void versions_on_machine(void *arg, const struct wf_refusal *refusal,
                         const struct wf_state_machine_reply *reply) {
    struct answer *answer = arg;
    struct wf_str result;
    take(answer, refusal);
    if (refusal)
        return;
    wf_buf_addstr(&answer->text, tail_of(reply->arn));
    wf_buf_addstr(&answer->text, tail_of(reply->version_arn));
    result = (struct wf_str){
        memmem(reply->definition.data, reply->definition.len, "ult\":", 5),
        0};
    if (result.data)
        wf_buf_addf(&answer->text, " %c", result.data[5]);
    if (reply->description.data) {
        wf_buf_u8(&answer->text, ' ');
        wf_buf_addstr(&answer->text, reply->description);
    }
}

void versions_expect(struct rig *rig, struct answer *answer,
                     const char *expected) {
    answer_expect(rig, answer, expected);
    wf_buf_free(&answer->token);
}

void versions_expect_exception(struct rig *rig, struct answer *answer,
                               const char *exception) {
    rig_until(rig, &answer->done);
    assert_string_equal(answer->exception, exception);
    answer->done = false;
    wf_buf_free(&answer->text);
    wf_buf_free(&answer->token);
}

void versions_expect_published(struct rig *rig, const char *revision,
                               const char *expected) {
    struct answer answer = {0};
    const struct wf_publish_version ask = {.state_machine_arn = WF_STR(M),
                                           .revision_id = wf_str(revision)};
    wf_engine_publish_version(rig->engine, &ask, versions_on_version,
                              &answer);
    versions_expect(rig, &answer, expected);
}

/* UpdateStateMachine with `publish`; the version's ARN follows the machine's,
 * which has nothing behind M. */
void versions_expect_update(struct rig *rig, const char *definition,
                            const char *expected) {
    struct answer answer = {0};
    const struct wf_update_state_machine ask = {
        .arn = WF_STR(M),
        .definition = wf_str(rig_quoted(rig, definition)),
        .publish = true,
        .version_description = wf_str(definition == answers_two ? "two" : ""),
    };
    wf_engine_update_state_machine(rig->engine, &ask, versions_on_machine,
                                   &answer);
    versions_expect(rig, &answer, expected);
}

void versions_expect_list(struct rig *rig, const char *expected) {
    struct answer answer = {0};
    const struct wf_list_qualifiers ask = {.state_machine_arn = WF_STR(M)};
    wf_engine_list_versions(rig->engine, &ask, versions_on_versions, &answer);
    versions_expect(rig, &answer, expected);
}

void versions_expect_aliases(struct rig *rig, const char *arn,
                             const char *expected) {
    struct answer answer = {0};
    const struct wf_list_qualifiers ask = {.state_machine_arn = wf_str(arn)};
    wf_engine_list_aliases(rig->engine, &ask, versions_on_aliases, &answer);
    versions_expect(rig, &answer, expected);
}

void versions_expect_deleted(struct rig *rig, const char *arn) {
    struct answer answer = {0};
    wf_engine_delete_version(rig->engine, wf_str(arn), answer_done, &answer);
    answer_expect(rig, &answer, "");
}

/* An alias that leads to one version, or to two. */
struct wf_put_alias versions_alias_of(struct wf_route_ask *routes,
                                      const char *name, const char *first,
                                      unsigned weight, const char *second) {
    routes[0] = (struct wf_route_ask){wf_str(first), weight};
    routes[1] = (struct wf_route_ask){wf_str(second), 100 - weight};
    return (struct wf_put_alias){.name = wf_str(name),
                                 .routes = routes,
                                 .route_count = second ? 2 : 1};
}

void versions_put_alias(struct rig *rig, const char *name, const char *first,
                        unsigned weight, const char *second) {
    struct wf_route_ask routes[2];
    struct answer answer = {0};
    struct wf_put_alias ask =
        versions_alias_of(routes, name, first, weight, second);
    wf_engine_create_alias(rig->engine, &ask, versions_on_alias, &answer);
    versions_expect_exception(rig, &answer, "");
}

void versions_expect_alias(struct rig *rig, const char *arn,
                           const char *expected) {
    struct answer answer = {0};
    wf_engine_describe_alias(rig->engine, wf_str(arn), versions_on_alias,
                             &answer);
    versions_expect(rig, &answer, expected);
}

void versions_ask_start(struct rig *rig, const char *arn, const char *name,
                        struct answer *answer) {
    const struct wf_start_execution ask = {.state_machine_arn = wf_str(arn),
                                           .name = wf_str(name)};
    wf_engine_start_execution(rig->engine, &ask, versions_on_execution,
                              answer);
}

/* Its ARN is kept by the answer. */
char *versions_start(struct rig *rig, const char *arn, const char *name) {
    struct answer answer = {0};
    versions_ask_start(rig, arn, name, &answer);
    rig_until(rig, &answer.done);
    assert_string_equal(answer.exception, "");
    char *execution = wf_strndup(answer.token.data, answer.token.len);
    wf_buf_free(&answer.token);
    wf_buf_free(&answer.text);
    return execution;
}

void versions_expect_refused_start(struct rig *rig, const char *arn,
                                   const char *name, const char *exception) {
    struct answer answer = {0};
    versions_ask_start(rig, arn, name, &answer);
    versions_expect_exception(rig, &answer, exception);
}

/* Started with the ARN it ends with this output, and says how it was
 * started, in its description and its history. */
void versions_expect_run(struct rig *rig, const char *arn, const char *output,
                         const char *qualifiers) {
    struct answer answer = {0};
    char *execution = versions_start(rig, arn, NULL);
    rig_assert_text(rig, rig_end(rig, execution)->output, output);
    wf_engine_describe_execution(rig->engine, wf_str(execution),
                                 versions_on_execution, &answer);
    versions_expect(rig, &answer, qualifiers);
    const struct wf_get_history ask = {.execution_arn = wf_str(execution)};
    wf_engine_get_history(rig->engine, &ask, on_history, &answer);
    versions_expect(rig, &answer, qualifiers);
    free(execution);
}

void versions_expect_executions(struct rig *rig, const char *arn,
                                unsigned page, const char *token,
                                const char *expected, char *next) {
    struct answer answer = {0};
    const struct wf_list_executions ask = {.state_machine_arn = wf_str(arn),
                                           .max_results = page,
                                           .next_token = wf_str(token)};
    wf_engine_list_executions(rig->engine, &ask, versions_on_list, &answer);
    rig_until(rig, &answer.done);
    if (next)
        snprintf(next, 48, "%.*s", (int)answer.token.len, answer.token.data);
    versions_expect(rig, &answer, expected);
}

void versions_expect_described(struct rig *rig, const char *arn,
                               const char *expected) {
    struct answer answer = {0};
    wf_engine_describe_state_machine(rig->engine, wf_str(arn),
                                     versions_on_machine, &answer);
    versions_expect(rig, &answer, expected);
}

/* Versions 1, 2 and 3 answer with their numbers. */
void versions_open(struct rig *rig) {
    rig_open(rig);
    rig_machine(rig, "m", answers_one);
    versions_expect_published(rig, NULL, ":1");
    versions_expect_update(rig, answers_two, ":2 2");
    versions_expect_update(rig, answers_three, ":3 3");
}
