/* test_event_pattern.c - EventBridge's event patterns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "event_pattern.h"

static const char event_text[] =
    "{\"source\":\"aws.states\",\"resources\":[\"arn:one\",\"arn:two\"],"
    "\"detail\":{\"status\":\"FAILED\",\"name\":\"Order-7\",\"stopDate\":null,"
    "\"redriveCount\":3,\"rate\":1.50,\"error\":\"\",\"esc\":\"a\\\"b*\","
    "\"input\":\"{\\\"id\\\":7}\",\"inputDetails\":{\"included\":true}}}";

static struct wf_doc *parse(const char *text) {
    struct wf_buf quoted = {0};
    struct wf_error err;
    wf_buf_adds(&quoted, text);
    for (size_t i = 0; i < quoted.len && !strchr(text, '"'); i++)
        if (quoted.data[i] == '\'')
            quoted.data[i] = '"';
    struct wf_doc *doc =
        wf_doc_parse((struct wf_str){quoted.data, quoted.len}, NULL, &err);
    if (!doc)
        fail_msg("%s: %s", text, err.message);
    wf_buf_free(&quoted);
    return doc;
}

static bool matches(const char *pattern, bool without_data) {
    struct wf_doc *wanted = parse(pattern), *event = parse(event_text);
    struct wf_error err;
    bool is;
    if (wf_event_pattern_check((struct wf_value){wanted, 0}, &err) != 0)
        fail_msg("%s: %s", pattern, err.message);
    is = wf_event_pattern_matches((struct wf_value){wanted, 0},
                                  (struct wf_value){event, 0}, without_data);
    wf_doc_unref(wanted);
    wf_doc_unref(event);
    return is;
}

/* A list of what may stand in detail, and what does not match. */
static void operators_match(void **state) {
    static const char *const yes[] = {
        "'status':['FAILED']", "'status':['A','FAILED']",
        "'status':[{'prefix':'FA'}]", "'status':[{'suffix':'ED'}]",
        "'status':[{'prefix':{'equals-ignore-case':'fa'}}]",
        "'status':[{'suffix':{'equals-ignore-case':'Ed'}}]",
        "'status':[{'equals-ignore-case':'failed'}]",
        "'status':[{'anything-but':'SUCCEEDED'}]",
        "'status':[{'anything-but':['A','B']}]",
        "'status':[{'anything-but':{'prefix':'S'}}]",
        "'status':[{'anything-but':{'suffix':['x','y']}}]",
        "'status':[{'anything-but':{'wildcard':'*X*'}}]",
        "'status':[{'anything-but':{'equals-ignore-case':['a','b']}}]",
        "'name':[{'wildcard':'Order-*'}]", "'name':[{'wildcard':'*'}]",
        "'name':[{'wildcard':'*-7'}]", "'name':[{'wildcard':'O*r*7'}]",
        "'stopDate':[null]", "'error':['']", "'error':[{'exists':true}]",
        "'none':[{'exists':false}]", "'none':{'below':[{'exists':false}]}",
        "'redriveCount':[3]", "'redriveCount':[{'numeric':['=',3.0]}]",
        "'redriveCount':[{'numeric':['>',0,'<=',3]}]", "'rate':[1.50]",
        "'redriveCount':[{'anything-but':[1,2]}]",
        "'$or':[{'status':['X']},{'name':['Order-7']}]",
        "'inputDetails':{'included':[true]}",
    };
    static const char *const no[] = {
        "'status':['failed']", "'status':[{'prefix':'ED'}]",
        "'status':[{'suffix':'FA'}]", "'status':[{'prefix':'FAILEDX'}]",
        "'status':[{'equals-ignore-case':'faile'}]",
        "'status':[{'anything-but':'FAILED'}]",
        "'status':[{'anything-but':['A','FAILED']}]",
        "'status':[{'anything-but':{'prefix':'FA'}}]",
        "'status':[{'anything-but':{'wildcard':'*LE*'}}]",
        "'none':[{'anything-but':'A'}]", "'none':['A']", "'none':[null]",
        "'name':[{'wildcard':'order-*'}]", "'name':[{'wildcard':'*-'}]",
        "'stopDate':['']", "'error':[null]", "'error':[{'exists':false}]",
        "'inputDetails':[{'exists':true}]", "'redriveCount':['3']",
        "'redriveCount':[3.0]", "'rate':[1.5]",
        "'redriveCount':[{'numeric':['>',3]}]",
        "'status':[{'numeric':['>',0]}]", "'status':['FAILED'],'name':['x']",
        "'$or':[{'status':['X']},{'name':['Y']}]",
        "'$or':[{'status':['FAILED']},{'name':['Y']}],'redriveCount':[4]",
    };
    char pattern[256];
    (void)state;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        snprintf(pattern, sizeof(pattern), "{'detail':{%s}}", yes[i]);
        if (!matches(pattern, false))
            fail_msg("%s does not match", pattern);
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        snprintf(pattern, sizeof(pattern), "{'detail':{%s}}", no[i]);
        if (matches(pattern, false))
            fail_msg("%s matches", pattern);
    }
    assert_true(matches("{'resources':['arn:two']}", false));
    assert_false(matches("{'resources':['arn:three']}", false));
    assert_true(matches("{'source':['aws.states']}", false));
    assert_true(matches("{}", false));
    assert_true(matches("{\"detail\":{\"esc\":[{\"wildcard\":"
                        "\"a\\\"b\\\\*\"}]}}", false));
    assert_false(matches("{\"detail\":{\"name\":[{\"wildcard\":"
                         "\"Order\\\\*\"}]}}", false));
}

static bool needs_data(const char *pattern) {
    struct wf_doc *doc = parse(pattern);
    bool needs = wf_event_pattern_needs_data((struct wf_value){doc, 0});
    wf_doc_unref(doc);
    return needs;
}

static void what_is_not_there_yet_may_match(void **state) {
    (void)state;
    assert_true(matches("{'detail':{'input':[{'wildcard':'*8*'}]}}", true));
    assert_false(matches("{'detail':{'input':[{'wildcard':'*8*'}]}}", false));
    assert_true(matches("{'detail':{'input':[{'wildcard':'*7*'}]}}", false));
    assert_false(matches("{'detail':{'input':['x'],'status':['X']}}", true));
    assert_true(matches("{'detail':{'$or':[{'output':['x']},{'status':['X']}]"
                        "}}", true));
    assert_true(needs_data("{'detail':{'output':['x']}}"));
    assert_true(needs_data("{'detail':{'$or':[{'a':['x']},"
                           "{'inputDetails':{'included':[true]}}]}}"));
    assert_true(needs_data("{'$or':[{'detail':{'input':['x']}},"
                           "{'source':['x']}]}"));
    assert_false(needs_data("{'detail':{'status':['x']},'input':['x']}"));
}

static void mistakes_are_told(void **state) {
    static const struct {
        const char *pattern, *part;
    } wrong[] = {
        {"[]", "a JSON object is expected"},
        {"{'a':'b'}", "stand in a list"},
        {"{'a':[]}", "empty list"},
        {"{'a':[['b']]}", "a list in a list"},
        {"{'a':[{}]}", "operator is missing"},
        {"{'a':[{'cidr':'10.0.0.0/8'}]}", "no such operator"},
        {"{'a':[{'prefix':7}]}", "prefix wants"},
        {"{'a':[{'prefix':{'wildcard':'x'}}]}", "prefix wants"},
        {"{'a':[{'wildcard':'a**'}]}", "wildcard wants"},
        {"{'a':[{'exists':1}]}", "exists wants"},
        {"{'a':[{'numeric':['!',1]}]}", "numeric wants"},
        {"{'a':[{'numeric':['>',1,'<']}]}", "numeric wants"},
        {"{'a':[{'numeric':[]}]}", "numeric wants"},
        {"{'a':[{'anything-but':[]}]}", "anything-but wants"},
        {"{'a':[{'anything-but':{'exists':true}}]}", "anything-but wants"},
        {"{'a':[{'exists':true,'prefix':'a'}]}", "one operator"},
        {"{'$or':[{'a':['b']}]}", "two patterns"},
        {"{'$or':{'a':['b']}}", "two patterns"},
        {"{'a':{'b':{'c':7}}}", "stand in a list"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct wf_doc *doc = parse(wrong[i].pattern);
        struct wf_error err = {0};
        if (wf_event_pattern_check((struct wf_value){doc, 0}, &err) == 0)
            fail_msg("%s is good", wrong[i].pattern);
        if (!strstr(err.message, wrong[i].part))
            fail_msg("%s: %s", wrong[i].pattern, err.message);
        assert_int_equal(err.code, WF_E_INVALID);
        wf_doc_unref(doc);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_match),
        cmocka_unit_test(what_is_not_there_yet_may_match),
        cmocka_unit_test(mistakes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
