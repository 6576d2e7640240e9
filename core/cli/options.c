/* options.c - reads flags, environment and file into values. See options.h. */
#include "options.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "suggest.h"

/* Where a value came from; a later source replaces an earlier one's. */
enum source { FROM_DEFAULT, FROM_FILE, FROM_ENVIRONMENT, FROM_FLAG };

struct value {
    enum source source;
    char **texts; /* owned, NULL-terminated; what was given */
    size_t count;
    int64_t number;
};

struct wf_options {
    const struct wf_command *command;
    const char **arg_list; /* borrowed from argv */
    unsigned arg_count;
    size_t option_count;
    struct value *values; /* one for each row of wf_option_table */
};

/* ---- the tables ---- */

const struct wf_command *wf_command_find(const char *name) {
    for (const struct wf_command *c = wf_command_table; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

const struct wf_option *wf_option_find(const struct wf_command *command,
                                       const char *name) {
    for (const struct wf_option *o = wf_option_table; o->name != NULL; o++)
        if ((o->commands & command->bit) && strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

void wf_option_variable(const struct wf_option *option, char out[64]) {
    int len = snprintf(out, 64, "MOONSTEP_%s", option->name);

    assert(len < 64);
    for (char *c = out; *c != '\0'; c++)
        *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

static struct value *value_of(const struct wf_options *options,
                              const char *name) {
    const struct wf_option *option = wf_option_find(options->command, name);

    assert(option != NULL);
    return &options->values[option - wf_option_table];
}

/* ---- checking values ---- */

/* Returns false if `text` is no such number. */
static bool number_parse(const char *text, bool with_suffix, int64_t *out) {
    static const char suffixes[] = "KMG";
    char *end;
    int64_t factor = 1;
    const char *suffix;

    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    *out = strtoll(text, &end, 10);
    if (with_suffix && *end != '\0' &&
        (suffix = strchr(suffixes, toupper((unsigned char)*end))) != NULL) {
        factor = (int64_t)1 << (10 * (suffix - suffixes + 1));
        end++;
    }
    if (errno != 0 || *end != '\0' || *out > INT64_MAX / factor)
        return false;
    *out *= factor;
    return true;
}

static bool word_in(const char *word, const char *words) {
    size_t len = strlen(word);

    for (const char *at = words; at != NULL; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, word, len) == 0 && (at[len] == '|' || !at[len]))
            return true;
    }
    return false;
}

static bool is_yes(const char *text) {
    return word_in(text, "yes|true|on|1");
}

static bool is_list(const struct wf_option *option) {
    return option->kind == WF_OPTION_LIST || option->kind == WF_OPTION_URLS;
}

/* `where` names the flag, variable or line, for the message. */
static int value_check(const struct wf_option *option, struct value *value,
                       const char *where, const char *text,
                       struct wf_error *err) {
    const char *wanted = NULL;

    switch (option->kind) {
    case WF_OPTION_FLAG:
        if (!is_yes(text) && !word_in(text, "no|false|off|0"))
            wanted = "yes or no";
        break;
    case WF_OPTION_CHOICE:
        if (text[0] == '\0' || !word_in(text, option->argument))
            wanted = option->argument;
        break;
    case WF_OPTION_NUMBER:
        if (!number_parse(text, false, &value->number))
            wanted = "a whole number, 0 or more";
        break;
    case WF_OPTION_BYTES:
        if (!number_parse(text, true, &value->number))
            wanted = "a size in bytes, such as 65536, 64K, 16M or 2G";
        break;
    case WF_OPTION_TEXT:
    case WF_OPTION_LIST:
    case WF_OPTION_URLS:
        if (text[0] == '\0')
            wanted = option->argument;
        break;
    }
    if (wanted == NULL)
        return 0;
    return wf_error_set(err, WF_E_INVALID, "%s: \"%s\" is not valid; "
                        "give %s", where, text, wanted);
}

static void value_clear(struct value *value) {
    for (size_t i = 0; i < value->count; i++)
        free(value->texts[i]);
    free(value->texts);
    *value = (struct value){0};
}

static int value_set(struct wf_options *options,
                     const struct wf_option *option, enum source source,
                     const char *where, struct wf_str text,
                     struct wf_error *err) {
    struct value *value = &options->values[option - wf_option_table];
    char *copy = wf_strndup(text.data, text.len);

    if (source < value->source) {
        free(copy);
        return 0;
    }
    if (source > value->source || !is_list(option))
        value_clear(value);
    value->source = source;
    value->texts = wf_realloc(value->texts,
                              (value->count + 2) * sizeof(char *));
    value->texts[value->count++] = copy;
    value->texts[value->count] = NULL;
    return value_check(option, value, where, copy, err);
}

/* ---- the command line ---- */

static int unknown_command(const char *word, struct wf_error *err) {
    struct wf_suggest suggest = {.word = word};

    for (const struct wf_command *c = wf_command_table; c->name != NULL; c++)
        wf_suggest_offer(&suggest, c->name);
    if (suggest.best != NULL)
        return wf_error_set(err, WF_E_INVALID, "there is no command \"%s\"; "
                            "did you mean \"%s\"?", word, suggest.best);
    return wf_error_set(err, WF_E_INVALID, "there is no command \"%s\"; "
                        "`moonstep help` lists them", word);
}

static int unknown_option(const struct wf_command *command, const char *name,
                          struct wf_error *err) {
    struct wf_suggest suggest = {.word = name};

    for (const struct wf_option *o = wf_option_table; o->name != NULL; o++)
        if (o->commands & command->bit)
            wf_suggest_offer(&suggest, o->name);
    if (suggest.best != NULL)
        return wf_error_set(err, WF_E_INVALID, "%s has no option --%s; did "
                            "you mean --%s?", command->name, name,
                            suggest.best);
    return wf_error_set(err, WF_E_INVALID, "%s has no option --%s; `moonstep "
                        "help %s` lists them", command->name, name,
                        command->name);
}

/* Commands that ask no server may call --service-endpoint --endpoint; the
 * environment and the file may not: there it is the server's address. */
static const struct wf_option *flag_find(const struct wf_command *command,
                                         const char *name) {
    const struct wf_option *option = wf_option_find(command, name);

    if (option == NULL && strcmp(name, "endpoint") == 0)
        option = wf_option_find(command, "service-endpoint");
    return option;
}

/* Reads the option at argv[*at]; moves *at to the last word it used. */
static int read_flag(struct wf_options *options, int argc, char *const *argv,
                     int *at, struct wf_error *err) {
    const char *word = argv[*at] + 2;
    const char *equals = strchr(word, '=');
    char name[64];
    char where[68];
    const struct wf_option *option;
    const char *text = equals != NULL ? equals + 1 : NULL;

    snprintf(name, sizeof(name), "%.*s",
             (int)(equals != NULL ? equals - word : (long)strlen(word)), word);
    snprintf(where, sizeof(where), "--%s", name);
    option = flag_find(options->command, name);
    if (option == NULL)
        return unknown_option(options->command, name, err);
    if (text == NULL && option->kind == WF_OPTION_FLAG)
        text = "yes";
    if (text == NULL && *at + 1 < argc)
        text = argv[++*at];
    if (text == NULL)
        return wf_error_set(err, WF_E_INVALID, "%s needs a value: %s %s",
                            where, where, option->argument);
    return value_set(options, option, FROM_FLAG, where, wf_str(text), err);
}

/* "-h", and a word that looks like an option but is not one of ours. */
static int read_short(struct wf_options *options, const char *word,
                      struct wf_error *err) {
    if (strcmp(word, "-h") == 0)
        return value_set(options, wf_option_find(options->command, "help"),
                         FROM_FLAG, word, WF_STR("yes"), err);
    return wf_error_set(err, WF_E_INVALID, "there is no option %s; options "
                        "are written in full, as --name (see `moonstep help "
                        "%s`)", word, options->command->name);
}

static int read_args(struct wf_options *options, int argc, char *const *argv,
                     struct wf_error *err) {
    bool only_args = false;

    for (int i = 2; i < argc; i++) {
        const char *word = argv[i];
        int rc = 0;

        if (only_args || word[0] != '-' || word[1] == '\0')
            options->arg_list[options->arg_count++] = word;
        else if (strcmp(word, "--") == 0)
            only_args = true;
        else if (word[1] == '-')
            rc = read_flag(options, argc, argv, &i, err);
        else
            rc = read_short(options, word, err);
        if (rc != 0)
            return -1;
    }
    return 0;
}

static int check_arg_count(const struct wf_options *options,
                           struct wf_error *err) {
    const struct wf_command *command = options->command;

    if (wf_option_flag(options, "help"))
        return 0;
    if (options->arg_count < command->min_args)
        return wf_error_set(err, WF_E_INVALID, "%s needs %s: moonstep %s %s",
                            command->name, command->arguments, command->name,
                            command->arguments);
    if (options->arg_count > command->max_args) {
        const char *word = options->arg_list[command->max_args];
        bool is_store = command->bit == WF_COMMAND_CHECK ||
                        command->bit == WF_COMMAND_VERIFY;
        char usage[160];

        snprintf(usage, sizeof(usage), "it is moonstep %s%s%s", command->name,
                 command->max_args > 0 ? " " : "",
                 command->max_args > 0 ? command->arguments : "");
        return wf_error_set(err, WF_E_INVALID, "%s: one argument too many: "
                            "\"%s\"; %s%s", command->name, word,
                            is_store ? "did you mean --data " : usage,
                            is_store ? word : "");
    }
    return 0;
}

/* ---- the environment ---- */

static const char *variable_get(char *const *environment, const char *name) {
    size_t len = strlen(name);

    for (; environment != NULL && *environment != NULL; environment++)
        if (strncmp(*environment, name, len) == 0 &&
            (*environment)[len] == '=')
            return *environment + len + 1;
    return NULL;
}

static int read_variable(struct wf_options *options,
                         const struct wf_option *option, const char *variable,
                         const char *text, struct wf_error *err) {
    int between = option->kind == WF_OPTION_URLS ? ' ' : ':';
    const char *end;

    for (;; text = end + 1) {
        end = is_list(option) ? strchrnul(text, between)
                              : text + strlen(text);
        if (value_set(options, option, FROM_ENVIRONMENT, variable,
                      (struct wf_str){text, (size_t)(end - text)}, err) != 0)
            return -1;
        if (*end == '\0')
            return 0;
    }
}

static int read_environment(struct wf_options *options,
                            char *const *environment, struct wf_error *err) {
    for (const struct wf_option *o = wf_option_table; o->name != NULL; o++) {
        char variable[64];
        const char *text;

        if (!o->setting || !(o->commands & options->command->bit))
            continue;
        wf_option_variable(o, variable);
        text = variable_get(environment, variable);
        if (text != NULL && text[0] != '\0' &&
            read_variable(options, o, variable, text, err) != 0)
            return -1;
    }
    return 0;
}

/* ---- the configuration file ---- */

static char *trim(char *text) {
    char *end = text + strlen(text);

    while (end > text && isspace((unsigned char)end[-1]))
        *--end = '\0';
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

/* The settings of other commands are valid in the file, and no business of
 * this one. */
static int read_setting(struct wf_options *options, const char *where,
                        const char *name, const char *text,
                        struct wf_error *err) {
    struct wf_suggest suggest = {.word = name};
    bool is_known = false;

    for (const struct wf_option *o = wf_option_table; o->name != NULL; o++) {
        if (!o->setting)
            continue;
        wf_suggest_offer(&suggest, o->name);
        if (strcmp(o->name, name) != 0)
            continue;
        is_known = true;
        if (o->commands & options->command->bit)
            return value_set(options, o, FROM_FILE, where, wf_str(text), err);
    }
    if (is_known)
        return 0;
    if (suggest.best != NULL)
        return wf_error_set(err, WF_E_INVALID, "%s: there is no setting "
                            "\"%s\"; did you mean \"%s\"?", where, name,
                            suggest.best);
    return wf_error_set(err, WF_E_INVALID, "%s: there is no setting \"%s\"; "
                        "`moonstep help config` lists them", where, name);
}

static int read_line(struct wf_options *options, const char *file,
                     unsigned number, char *line, struct wf_error *err) {
    char where[512];
    char *equals;

    line = trim(line);
    if (line[0] == '\0' || line[0] == '#')
        return 0;
    snprintf(where, sizeof(where), "%.400s:%u", file, number);
    equals = strchr(line, '=');
    if (equals == NULL)
        return wf_error_set(err, WF_E_INVALID, "%s: \"%s\" is no setting; "
                            "write: name = value", where, line);
    *equals = '\0';
    return read_setting(options, where, trim(line), trim(equals + 1), err);
}

static int read_file(struct wf_options *options, const char *name,
                     struct wf_error *err) {
    FILE *file = fopen(name, "re");
    char *line = NULL;
    size_t size = 0;
    unsigned number = 0;
    int rc = 0;

    if (file == NULL)
        return wf_error_set(err, WF_E_INVALID, "configuration file %s: %s",
                            name, strerror(errno));
    while (rc == 0 && getline(&line, &size, file) >= 0)
        rc = read_line(options, name, ++number, line, err);
    free(line);
    fclose(file);
    return rc;
}

/* ---- all of it ---- */

static bool is_any_of(const char *word, const char *a, const char *b) {
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

static int read_command(struct wf_options *options, int argc,
                        char *const *argv, struct wf_error *err) {
    const char *word = argc > 1 ? argv[1] : "help";

    if (is_any_of(word, "--help", "-h"))
        word = "help";
    else if (is_any_of(word, "--version", "-V"))
        word = "version";
    if (word[0] == '-')
        return wf_error_set(err, WF_E_INVALID, "a command comes first: "
                            "moonstep COMMAND %s; `moonstep help` lists them",
                            word);
    options->command = wf_command_find(word);
    return options->command != NULL ? 0 : unknown_command(word, err);
}

static int read_all(struct wf_options *options, int argc, char *const *argv,
                    char *const *environment, struct wf_error *err) {
    const struct wf_option *config;
    const char *file = NULL;

    if (read_command(options, argc, argv, err) != 0 ||
        read_args(options, argc, argv, err) != 0 ||
        check_arg_count(options, err) != 0 ||
        read_environment(options, environment, err) != 0)
        return -1;
    config = wf_option_find(options->command, "config");
    if (config != NULL)
        file = wf_option_text(options, "config");
    if (config != NULL && file == NULL)
        file = variable_get(environment, "MOONSTEP_CONFIG");
    return file != NULL ? read_file(options, file, err) : 0;
}

struct wf_options *wf_options_new(int argc, char *const *argv,
                                  char *const *environment,
                                  struct wf_error *err) {
    struct wf_options *options = wf_calloc(1, sizeof(*options));
    const struct wf_option *end = wf_option_table;

    while (end->name != NULL)
        end++;
    options->option_count = (size_t)(end - wf_option_table);
    options->values = wf_calloc(options->option_count, sizeof(struct value));
    options->arg_list = wf_calloc((size_t)argc + 1, sizeof(char *));
    if (read_all(options, argc, argv, environment, err) == 0)
        return options;
    wf_options_free(options);
    return NULL;
}

void wf_options_free(struct wf_options *options) {
    if (options == NULL)
        return;
    for (size_t i = 0; i < options->option_count; i++)
        value_clear(&options->values[i]);
    free(options->values);
    free(options->arg_list);
    free(options);
}

/* ---- asking ---- */

const struct wf_command *wf_options_command(const struct wf_options *options) {
    return options->command;
}

const char *wf_options_arg(const struct wf_options *options, unsigned index) {
    return index < options->arg_count ? options->arg_list[index] : NULL;
}

bool wf_option_given(const struct wf_options *options, const char *name) {
    return value_of(options, name)->count > 0;
}

bool wf_option_flag(const struct wf_options *options, const char *name) {
    const struct value *value = value_of(options, name);

    return value->count > 0 && is_yes(value->texts[0]);
}

const char *wf_option_text(const struct wf_options *options,
                           const char *name) {
    const struct value *value = value_of(options, name);

    if (value->count > 0)
        return value->texts[value->count - 1];
    return wf_option_find(options->command, name)->fallback;
}

int64_t wf_option_number(const struct wf_options *options, const char *name) {
    const struct wf_option *option = wf_option_find(options->command, name);
    int64_t number = value_of(options, name)->number;

    if (!wf_option_given(options, name) && option->fallback != NULL &&
        !number_parse(option->fallback, true, &number))
        assert(!"a default in the table is no number");
    return number;
}

const char *const *wf_option_list(const struct wf_options *options,
                                  const char *name) {
    return (const char *const *)value_of(options, name)->texts;
}
