/* options_help.c - texts made from the tables of commands and options. */
#include "options.h"

enum { HELP_COLUMNS = 78 };

/* Appends `text` wrapped; every line starts with `prefix`. A newline in the
 * text begins a new paragraph. */
static void add_wrapped(struct wf_buf *out, const char *prefix,
                        const char *text) {
    size_t room = HELP_COLUMNS - strlen(prefix);

    while (*text != '\0') {
        size_t len = strcspn(text, "\n");

        if (len > room) {
            for (len = room; len > 0 && text[len] != ' '; len--)
                ;
            if (len == 0)
                len = strcspn(text, " \n");
        }
        wf_buf_addf(out, "%s%.*s\n", prefix, (int)len, text);
        text += len;
        while (*text == ' ')
            text++;
        if (*text == '\n')
            text++;
    }
}

static void add_option(struct wf_buf *out, const struct wf_option *option) {
    char variable[64];

    wf_buf_addf(out, "  --%s", option->name);
    if (option->argument != NULL)
        wf_buf_addf(out, " %s", option->argument);
    if (option->fallback != NULL)
        wf_buf_addf(out, "  (default: %s)", option->fallback);
    wf_buf_adds(out, "\n");
    add_wrapped(out, "        ", option->help);
    if (option->setting) {
        wf_option_variable(option, variable);
        wf_buf_addf(out, "        [%s]\n", variable);
    }
}

static void add_options(struct wf_buf *out,
                        const struct wf_command *command) {
    wf_buf_adds(out, "\nOptions:\n");
    for (const struct wf_option *o = wf_option_table; o->name != NULL; o++)
        if (o->commands & command->bit)
            add_option(out, o);
}

static void add_exit_codes(struct wf_buf *out) {
    wf_buf_adds(out, "\n"
        "Exit status:\n"
        "  0    success\n"
        "  1    the workflow failed, a definition is not valid, or the server\n"
        "       refused what was asked\n"
        "  2    the command line or the configuration is wrong\n"
        "  3    the engine or its store failed\n"
        "  4    the server can't be reached\n"
        "  130  interrupted\n");
}

/* Columns of the longest name and two blanks. */
static int name_columns(void) {
    size_t longest = 0;

    for (const struct wf_command *c = wf_command_table; c->name != NULL; c++)
        if (strlen(c->name) > longest)
            longest = strlen(c->name);
    return (int)longest + 2;
}

static void add_group(struct wf_buf *out, enum wf_command_group group) {
    static const char *const titles[WF_GROUPS] = {
        [WF_GROUP_LOCAL] = "Workflows, without a server",
        [WF_GROUP_SERVER] = "The server",
        [WF_GROUP_EXECUTIONS] = "Executions on a server (--endpoint)",
        [WF_GROUP_MACHINES] = "State machines on a server (--endpoint)",
        [WF_GROUP_OTHER] = "Other",
    };

    wf_buf_addf(out, "\n%s:\n", titles[group]);
    for (const struct wf_command *c = wf_command_table; c->name != NULL; c++)
        if (c->group == group)
            wf_buf_addf(out, "  %-*s%s\n", name_columns(), c->name,
                        c->summary);
}

static void add_examples(struct wf_buf *out,
                         const struct wf_command *command) {
    const char *at = command->examples;

    wf_buf_adds(out, "\nExamples:\n");
    while (*at != '\0') {
        size_t len = strcspn(at, "\n");

        wf_buf_addf(out, "  moonstep %.*s\n", (int)len, at);
        at += len + (at[len] == '\n');
    }
}

static void add_overview(struct wf_buf *out) {
    wf_buf_adds(out,
        "moonstep - durable workflows in the Amazon States Language\n\n"
        "Usage: moonstep COMMAND [ARGUMENT] [--OPTION [VALUE]]...\n");
    for (int group = 0; group < WF_GROUPS; group++)
        add_group(out, group);
    wf_buf_adds(out, "\n"
        "`moonstep help COMMAND` explains one of them, `moonstep help "
        "config` prints\nthe reference configuration. Settings are also read "
        "from the environment\n(MOONSTEP_DATA for --data) and from the file "
        "that --config names.\n\n"
        "Data goes to stdout, everything for people to stderr.\n");
    add_exit_codes(out);
}

void wf_help_command(const struct wf_command *command, struct wf_buf *out) {
    if (command == NULL) {
        add_overview(out);
        return;
    }
    wf_buf_addf(out, "moonstep %s - %s\n\n", command->name, command->summary);
    wf_buf_addf(out, "Usage: moonstep %s%s%s [--OPTION [VALUE]]...\n",
                command->name, command->arguments[0] != '\0' ? " " : "",
                command->arguments);
    for (const char *text = command->details; *text != '\0';) {
        size_t len = strcspn(text, "\n");
        struct wf_buf paragraph = {0};

        wf_buf_add(&paragraph, text, len);
        wf_buf_u8(&paragraph, 0);
        wf_buf_adds(out, "\n");
        add_wrapped(out, "", paragraph.data);
        wf_buf_free(&paragraph);
        text += len + (text[len] == '\n');
    }
    add_examples(out, command);
    add_options(out, command);
    add_exit_codes(out);
}

static void add_setting_commands(struct wf_buf *out, const char *name) {
    struct wf_buf line = {0};
    wf_command_bits commands = 0;

    for (const struct wf_option *o = wf_option_table; o->name != NULL; o++)
        if (strcmp(o->name, name) == 0)
            commands |= o->commands;
    wf_buf_adds(&line, "For:");
    for (const struct wf_command *c = wf_command_table; c->name != NULL; c++)
        if (commands & c->bit)
            wf_buf_addf(&line, " %s", c->name);
    wf_buf_u8(&line, 0);
    add_wrapped(out, "# ", line.data);
    wf_buf_free(&line);
}

static const char *default_of(const struct wf_option *option) {
    if (option->fallback != NULL)
        return option->fallback;
    return option->kind == WF_OPTION_FLAG ? "no" : option->argument;
}

/* An option that two commands explain differently has one line; the last
 * explanation, the server's, is the one for the file. */
static bool is_explained_later(const struct wf_option *option) {
    for (const struct wf_option *o = option + 1; o->name != NULL; o++)
        if (strcmp(o->name, option->name) == 0)
            return true;
    return false;
}

void wf_help_config(struct wf_buf *out) {
    wf_buf_adds(out,
        "# Reference configuration of moonstep: every setting with its "
        "default.\n"
        "# Use: moonstep COMMAND --config FILE, or MOONSTEP_CONFIG=FILE.\n"
        "# A flag wins over the environment, that over this file.\n"
        "# Settings that may be given more than once take a line each.\n");
    for (const struct wf_option *o = wf_option_table; o->name != NULL; o++) {
        if (!o->setting || is_explained_later(o))
            continue;
        wf_buf_adds(out, "\n");
        add_wrapped(out, "# ", o->help);
        add_setting_commands(out, o->name);
        wf_buf_addf(out, "#%s = %s\n", o->name,
                    default_of(o));
    }
}
