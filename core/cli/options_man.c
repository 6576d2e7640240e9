/* options_man.c - the manual page, made from the tables of commands and
 * options: `moonstep help man`. */
#include "options.h"

/* Characters that troff would take for its own; a line never begins with one
 * of its control characters. */
static void add_text(struct wf_buf *out, const char *text, size_t len) {
    bool is_line_start = out->len == 0 || out->data[out->len - 1] == '\n';

    for (size_t i = 0; i < len; i++) {
        if (is_line_start && (text[i] == '.' || text[i] == '\''))
            wf_buf_adds(out, "\\&");
        is_line_start = false;
        if (text[i] == '\\')
            wf_buf_adds(out, "\\e");
        else if (text[i] == '-')
            wf_buf_adds(out, "\\-");
        else
            wf_buf_u8(out, (uint8_t)text[i]);
    }
}

static void add_line(struct wf_buf *out, const char *text, size_t len) {
    add_text(out, text, len);
    wf_buf_u8(out, '\n');
}

/* Calls `.PP` between the paragraphs, which are lines in the table. */
static void add_paragraphs(struct wf_buf *out, const char *text) {
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");

        add_line(out, text, len);
        text += len;
        if (*text == '\n') {
            text++;
            wf_buf_adds(out, ".PP\n");
        }
    }
}

static void add_bold(struct wf_buf *out, const char *text) {
    wf_buf_adds(out, "\\fB");
    add_text(out, text, strlen(text));
    wf_buf_adds(out, "\\fR");
}

static void add_examples(struct wf_buf *out, const char *at) {
    wf_buf_adds(out, ".PP\n.nf\n");
    while (*at != '\0') {
        size_t len = strcspn(at, "\n");

        wf_buf_adds(out, "    moonstep ");
        add_line(out, at, len);
        at += len + (at[len] == '\n');
    }
    wf_buf_adds(out, ".fi\n");
}

static void add_command(struct wf_buf *out, const struct wf_command *command) {
    wf_buf_adds(out, ".SS ");
    wf_buf_adds(out, "\"");
    add_bold(out, command->name);
    if (command->arguments[0] != '\0') {
        wf_buf_adds(out, " ");
        add_text(out, command->arguments, strlen(command->arguments));
    }
    wf_buf_adds(out, "\"\n");
    add_text(out, command->summary, strlen(command->summary));
    wf_buf_adds(out, ".\n");
    if (command->details[0] != '\0') {
        wf_buf_adds(out, ".PP\n");
        add_paragraphs(out, command->details);
    }
    add_examples(out, command->examples);
}

static void add_commands_of(struct wf_buf *out,
                            const struct wf_option *option) {
    const char *before = "Of ";

    for (const struct wf_command *c = wf_command_table; c->name != NULL; c++) {
        if (!(option->commands & c->bit))
            continue;
        wf_buf_adds(out, before);
        wf_buf_adds(out, c->name);
        before = ", ";
    }
    wf_buf_adds(out, ".\n");
}

static void add_option(struct wf_buf *out, const struct wf_option *option) {
    char variable[64];

    wf_buf_adds(out, ".TP\n\\fB\\-\\-");
    add_text(out, option->name, strlen(option->name));
    wf_buf_adds(out, "\\fR");
    if (option->argument != NULL) {
        wf_buf_adds(out, " \\fI");
        add_text(out, option->argument, strlen(option->argument));
        wf_buf_adds(out, "\\fR");
    }
    wf_buf_adds(out, "\n");
    add_line(out, option->help, strlen(option->help));
    add_commands_of(out, option);
    if (option->fallback != NULL) {
        wf_buf_adds(out, "Default: ");
        add_line(out, option->fallback, strlen(option->fallback));
    }
    if (option->setting) {
        wf_option_variable(option, variable);
        wf_buf_addf(out, "Environment: %s\n", variable);
    }
}

void wf_help_man(const char *version, struct wf_buf *out) {
    wf_buf_addf(out, ".TH MOONSTEP 1 \"\" \"moonstep %s\"\n", version);
    wf_buf_adds(out,
        ".SH NAME\n"
        "moonstep \\- durable workflows in the Amazon States Language\n"
        ".SH SYNOPSIS\n"
        "\\fBmoonstep\\fR \\fICOMMAND\\fR [\\fIARGUMENT\\fR] "
        "[\\fB\\-\\-OPTION\\fR [\\fIVALUE\\fR]]...\n"
        ".SH DESCRIPTION\n"
        "Runs state machines as AWS Step Functions does, on your own machine, "
        "and answers\nits API. Data goes to stdout, everything for people to "
        "stderr.\n"
        ".SH COMMANDS\n");
    for (const struct wf_command *c = wf_command_table; c->name != NULL; c++)
        add_command(out, c);
    wf_buf_adds(out,
        ".SH OPTIONS\n"
        "Settings are also read from the environment and from the file that\n"
        "\\fB\\-\\-config\\fR names; a flag wins over the environment, that "
        "over the file.\n");
    for (const struct wf_option *o = wf_option_table; o->name != NULL; o++)
        add_option(out, o);
    wf_buf_adds(out,
        ".SH EXIT STATUS\n"
        "0: success; 1: the workflow failed, a definition is not valid, or "
        "the server\nrefused what was asked; 2: the command line or the "
        "configuration is wrong; 3: the\nengine or its store failed; 4: the "
        "server can't be reached; 130: interrupted.\n"
        ".SH SIGNALS\n"
        "SIGTERM and SIGINT stop \\fBmoonstep serve\\fR when what was asked "
        "for is durable;\na second one ends it at once. What runs goes on at "
        "the next start.\n"
        "SIGHUP makes it read the files of \\-\\-keys, \\-\\-triggers and "
        "\\-\\-logs\\-headers again and\nopen that of \\-\\-logs anew; "
        "without any of them it ends it, unless a service\nmanager has "
        "started it.\n");
}
