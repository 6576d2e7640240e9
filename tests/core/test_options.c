/* Flags, environment, configuration file, help: one table, four faces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "options.h"

enum { MAX_WORDS = 16 };

static char *no_environment[] = {NULL};

/* Parses words separated by blanks, "moonstep" in front. */
static struct wf_options *parse_with(char *const *environment, char *words,
                                     struct wf_error *err) {
    static char *argv[MAX_WORDS];
    int argc = 1;

    argv[0] = "moonstep";
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    return wf_options_new(argc, argv, environment, err);
}

/* strtok() writes into its text, and options borrow it: one static copy. */
static struct wf_options *parse(const char *words, struct wf_error *err) {
    static char copy[512];

    snprintf(copy, sizeof(copy), "%s", words);
    return parse_with(no_environment, copy, err);
}

static void assert_refused(const char *words, const char *message) {
    struct wf_error err = {0};
    struct wf_options *options = parse(words, &err);

    if (options != NULL || strstr(err.message, message) == NULL)
        print_error("\"%s\" gave \"%s\"\n", words, err.message);
    assert_null(options);
    assert_int_equal(err.code, WF_E_INVALID);
    assert_non_null(strstr(err.message, message));
}

static void test_flags(void **state) {
    struct wf_error err;
    struct wf_options *o = parse("run a.asl.json --name=n --seed 7 --handlers "
                                 "x --handlers y --virtual-time", &err);

    (void)state;
    assert_non_null(o);
    assert_string_equal(wf_options_command(o)->name, "run");
    assert_string_equal(wf_options_arg(o, 0), "a.asl.json");
    assert_null(wf_options_arg(o, 1));
    assert_string_equal(wf_option_text(o, "name"), "n");
    assert_int_equal(wf_option_number(o, "seed"), 7);
    assert_true(wf_option_given(o, "seed"));
    assert_true(wf_option_flag(o, "virtual-time"));
    assert_string_equal(wf_option_list(o, "handlers")[0], "x");
    assert_string_equal(wf_option_list(o, "handlers")[1], "y");
    assert_null(wf_option_list(o, "handlers")[2]);
    wf_options_free(o);
}

static void test_defaults(void **state) {
    struct wf_error err;
    struct wf_options *o = parse("run f", &err);

    (void)state;
    assert_non_null(o);
    assert_null(wf_option_text(o, "data"));
    assert_null(wf_option_list(o, "handlers"));
    assert_string_equal(wf_option_text(o, "input"), "{}");
    assert_int_equal(wf_option_number(o, "journal-bytes"), 48 << 20);
    assert_false(wf_option_flag(o, "virtual-time"));
    assert_false(wf_option_given(o, "journal-bytes"));
    wf_options_free(o);
    o = parse("serve", &err);
    assert_non_null(o);
    assert_string_equal(wf_option_text(o, "data"), "./.moonstep");
    wf_options_free(o);
}

static void test_arguments_after_a_double_dash(void **state) {
    struct wf_error err;
    struct wf_options *o = parse("run --name - -- --odd.json", &err);

    (void)state;
    assert_non_null(o);
    assert_string_equal(wf_option_text(o, "name"), "-");
    assert_string_equal(wf_options_arg(o, 0), "--odd.json");
    wf_options_free(o);
}

static void test_refusals_say_what_would_be_right(void **state) {
    (void)state;
    assert_refused("rnu x", "did you mean \"run\"?");
    assert_refused("quux", "`moonstep help` lists them");
    assert_refused("--data x run", "a command comes first");
    assert_refused("run", "run needs FILE: moonstep run FILE");
    assert_refused("run a b", "one argument too many: \"b\"");
    assert_refused("check d", "\"d\"; did you mean --data d");
    assert_refused("verify e d", "\"d\"; did you mean --data d");
    assert_refused("check --endpoint sqs=u", "no option --endpoint");
    assert_refused("run f --nmae x", "did you mean --name?");
    assert_refused("run f --listen x", "run has no option --listen");
    assert_refused("run f --name", "--name needs a value: --name NAME");
    assert_refused("run f --seed 1x", "--seed: \"1x\" is not valid; give a "
                                      "whole number");
    assert_refused("run f --seed -1", "is not valid");
    assert_refused("run f --workers 99999999999999999999", "is not valid");
    assert_refused("run f --journal-bytes 9T", "such as 65536, 64K");
    assert_refused("run f --journal-bytes 9999999999999G", "is not valid");
    assert_refused("run f --progress fancy", "give auto|tree|lines|none");
    assert_refused("run f --progress aut", "give auto|tree|lines|none");
    assert_refused("run f --progress=", "give auto|tree|lines|none");
    assert_refused("run f --virtual-time=maybe", "give yes or no");
    assert_refused("run f -n x", "options are written in full");
    assert_refused("run f --config /no/such/file", "/no/such/file");
}

static void test_sizes(void **state) {
    static const struct {
        const char *words;
        int64_t bytes;
    } cases[] = {
        {"run f --journal-bytes 65536", 65536},
        {"run f --journal-bytes 64k", 65536},
        {"run f --journal-bytes 2M", 2 << 20},
        {"run f --journal-bytes 3G", 3LL << 30},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wf_error err;
        struct wf_options *o = parse(cases[i].words, &err);

        assert_non_null(o);
        assert_int_equal(wf_option_number(o, "journal-bytes"),
                         cases[i].bytes);
        wf_options_free(o);
    }
}

static void write_config(char path[32], const char *text) {
    FILE *file;

    memcpy(path, "/tmp/test_options.XXXXXX", 25);
    file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* A flag wins over the environment, that over the file, over the default. */
static void test_precedence(void **state) {
    char path[32], words[128], variable[64];
    char *environment[] = {"MOONSTEP_DATA=/env", "MOONSTEP_REGION=",
                           "MOONSTEP_HANDLERS=/e1:/e2", variable, NULL};
    struct wf_error err;
    struct wf_options *o;

    (void)state;
    write_config(path, "# comment\n\n  data = /file\nworkers=3\n"
                 "listen = 127.0.0.1:1 \nstates = /s1\nstates = /s2\n"
                 "region = eu-west-1\nidle-ms = 5");
    snprintf(variable, sizeof(variable), "MOONSTEP_CONFIG=%s", path);
    snprintf(words, sizeof(words), "run f --workers 4 --handlers /flag");
    o = parse_with(environment, words, &err);
    assert_non_null(o);
    assert_int_equal(wf_option_number(o, "workers"), 4);
    assert_string_equal(wf_option_list(o, "handlers")[0], "/flag");
    assert_null(wf_option_list(o, "handlers")[1]);
    assert_string_equal(wf_option_text(o, "data"), "/env");
    assert_string_equal(wf_option_text(o, "region"), "eu-west-1");
    assert_string_equal(wf_option_list(o, "states")[1], "/s2");
    assert_int_equal(wf_option_number(o, "idle-ms"), 5);
    wf_options_free(o);
    strcpy(words, "serve");
    o = parse_with(environment, words, &err);
    assert_non_null(o);
    assert_string_equal(wf_option_text(o, "listen"), "127.0.0.1:1");
    assert_string_equal(wf_option_list(o, "handlers")[1], "/e2");
    wf_options_free(o);
    unlink(path);
}

static void refuse_config(const char *text, const char *message) {
    char path[32], words[128];

    write_config(path, text);
    snprintf(words, sizeof(words), "serve --config %s", path);
    assert_refused(words, message);
    unlink(path);
}

static void test_a_wrong_line_is_named(void **state) {
    (void)state;
    refuse_config("data = x\nworker = 2\n", ":2: there is no setting "
                  "\"worker\"; did you mean \"workers\"?");
    refuse_config("nonsense\n", ":1: \"nonsense\" is no setting");
    refuse_config("\nworkers = many\n", ":2: \"many\" is not valid");
    refuse_config("name = x\n", "there is no setting \"name\"");
}

static void test_a_wrong_variable_is_named(void **state) {
    char *environment[] = {"MOONSTEP_WORKERS=two", NULL};
    char words[] = "serve";
    struct wf_error err;

    (void)state;
    assert_null(parse_with(environment, words, &err));
    assert_non_null(strstr(err.message, "MOONSTEP_WORKERS: \"two\""));
}

static void test_help_and_version(void **state) {
    static const struct {
        const char *words, *command;
        bool help;
    } cases[] = {
        {"", "help", false},          {"--help", "help", false},
        {"-h", "help", false},        {"--version", "version", false},
        {"run --help", "run", true},  {"serve -h", "serve", true},
        {"help config", "help", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wf_error err;
        struct wf_options *o = parse(cases[i].words, &err);

        assert_non_null(o);
        assert_string_equal(wf_options_command(o)->name, cases[i].command);
        assert_int_equal(wf_option_flag(o, "help"), cases[i].help);
        wf_options_free(o);
    }
}

static void assert_width(const struct wf_buf *text) {
    size_t column = 0;

    for (size_t i = 0; i < text->len; i++) {
        column = text->data[i] == '\n' ? 0 : column + 1;
        assert_true(column <= 80);
    }
}

/* Every command shows every option it has, within 80 columns. */
static void test_help_is_complete(void **state) {
    (void)state;
    for (const struct wf_command *c = wf_command_table; c->name; c++) {
        struct wf_buf text = {0};

        wf_help_command(c, &text);
        assert_width(&text);
        wf_buf_u8(&text, 0);
        for (const struct wf_option *o = wf_option_table; o->name; o++) {
            char flag[64];

            snprintf(flag, sizeof(flag), "\n  --%s", o->name);
            if (o->commands & c->bit)
                assert_non_null(strstr(text.data, flag));
        }
        wf_buf_free(&text);
    }
}

/* The reference file, its comments taken off the settings, is a valid one
 * that changes nothing. */
static void test_reference_config_is_valid(void **state) {
    struct wf_buf text = {0};
    struct wf_error err;
    char path[32], words[128];
    struct wf_options *o;

    (void)state;
    wf_help_config(&text);
    assert_width(&text);
    wf_buf_u8(&text, 0);
    for (char *c = text.data; (c = strstr(c, "\n#")) != NULL; c++)
        if (c[2] != ' ')
            c[1] = ' ';
    write_config(path, text.data);
    snprintf(words, sizeof(words), "serve --config %s", path);
    o = parse(words, &err);
    if (o == NULL)
        print_error("%s\n", err.message);
    assert_non_null(o);
    assert_int_equal(wf_option_number(o, "journal-bytes"), 48 << 20);
    assert_string_equal(wf_option_text(o, "listen"), "127.0.0.1:8083");
    wf_options_free(o);
    unlink(path);
    wf_buf_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_arguments_after_a_double_dash),
        cmocka_unit_test(test_refusals_say_what_would_be_right),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_a_wrong_line_is_named),
        cmocka_unit_test(test_a_wrong_variable_is_named),
        cmocka_unit_test(test_help_and_version),
        cmocka_unit_test(test_help_is_complete),
        cmocka_unit_test(test_reference_config_is_valid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
