/*
 * options.h - the command line, the environment and the configuration file.
 *
 * One table (options_table.c) names every option once. From it come the
 * flag `--journal-bytes 64M`, the variable MOONSTEP_JOURNAL_BYTES, the line
 * `journal-bytes = 64M` of the file that --config names, the text of --help
 * and the commented reference file (`moonstep help config`). A flag wins over
 * the environment, that over the file, that over the default.
 *
 * Options that belong to one call only (--name, --input) are no settings:
 * they have neither variable nor line.
 *
 * Values are checked while they are read, so the accessors can't fail. Asking
 * for an option that the command does not have is a mistake of ours (assert).
 */
#ifndef WF_OPTIONS_H
#define WF_OPTIONS_H

#include "base.h"

enum wf_command_bit {
    WF_COMMAND_RUN = 1 << 0,
    WF_COMMAND_SERVE = 1 << 1,
    WF_COMMAND_START = 1 << 2,
    WF_COMMAND_LIST = 1 << 3,
    WF_COMMAND_SHOW = 1 << 4,
    WF_COMMAND_HISTORY = 1 << 5,
    WF_COMMAND_VERSION = 1 << 6,
    WF_COMMAND_HELP = 1 << 7,
    WF_COMMAND_GRAPH = 1 << 8,
    WF_COMMAND_STOP = 1 << 9,
    WF_COMMAND_VALIDATE = 1 << 10,
    WF_COMMAND_MACHINES = 1 << 11,
    WF_COMMAND_CREATE = 1 << 12,
    WF_COMMAND_UPDATE = 1 << 13,
    WF_COMMAND_DELETE = 1 << 14,
    WF_COMMAND_EVAL = 1 << 15,
    WF_COMMAND_MAP_RUNS = 1 << 16,
    WF_COMMAND_STATS = 1 << 17,
    WF_COMMAND_BACKUP = 1 << 18,
    WF_COMMAND_VERIFY = 1 << 28,
    WF_COMMAND_REDRIVE = 1 << 19,
    WF_COMMAND_SEARCH = 1 << 20,
    WF_COMMAND_SCHEDULE = 1 << 21,
    WF_COMMAND_TEST_STATE = 1 << 22,
    WF_COMMAND_SEND = 1 << 23,
    WF_COMMAND_PUBLISH = 1 << 24,
    WF_COMMAND_VERSIONS = 1 << 25,
    WF_COMMAND_ALIASES = 1 << 26,
    WF_COMMAND_ALIAS = 1 << 27,
    WF_COMMAND_WORKER = 1 << 29,
    WF_COMMAND_CHECK = 1 << 30,
};

/** Where a command stands in the overview. */
enum wf_command_group {
    WF_GROUP_LOCAL,      /**< Workflows on this machine, no server. */
    WF_GROUP_SERVER,     /**< The server itself. */
    WF_GROUP_EXECUTIONS, /**< Of a server. */
    WF_GROUP_MACHINES,   /**< Of a server. */
    WF_GROUP_OTHER,
    WF_GROUPS
};

#define WF_ANY_NUMBER UINT32_MAX

struct wf_command {
    const char *name;
    enum wf_command_bit bit;
    enum wf_command_group group;
    const char *arguments; /**< "FILE", for the usage line */
    const char *summary;   /**< One line. */
    const char *details;   /**< Paragraphs, wrapped when shown. */
    const char *examples;  /**< Command lines without "moonstep", one a line. */
    unsigned min_args, max_args; /**< WF_ANY_NUMBER: no limit */
};

enum wf_option_kind {
    WF_OPTION_FLAG,   /**< No argument; yes or no. */
    WF_OPTION_TEXT,
    WF_OPTION_CHOICE, /**< One of the words of `argument`, split at '|'. */
    WF_OPTION_LIST,   /**< May be given again; in the environment with ':'. */
    WF_OPTION_URLS,   /**< The same, in the environment with blanks. */
    WF_OPTION_NUMBER, /**< Not negative. */
    WF_OPTION_BYTES,  /**< A number, may end in K, M, G (1024 each). */
};

struct wf_option {
    const char *name;     /**< "journal-bytes" */
    const char *argument; /**< What help calls its value; NULL: a flag. */
    const char *fallback; /**< The default, as it would be typed, or NULL. */
    const char *help;
    unsigned commands;    /**< enum wf_command_bit */
    enum wf_option_kind kind;
    bool setting;         /**< Also in environment and configuration file. */
};

/** Both tables end with a row whose name is NULL. */
extern const struct wf_command wf_command_table[];
extern const struct wf_option wf_option_table[];

const struct wf_command *wf_command_find(const char *name);
/** The option of that name which `command` has, or NULL. */
const struct wf_option *wf_option_find(const struct wf_command *command,
                                       const char *name);
/** "MOONSTEP_JOURNAL_BYTES" and a NUL. */
void wf_option_variable(const struct wf_option *option, char out[64]);

struct wf_options;

/**
 * Reads argv (argv[1] names the command), the environment and the
 * configuration file. NULL and WF_E_INVALID with words for the user. Borrows
 * argv. `--help` and `--version` anywhere give the commands help and version.
 */
struct wf_options *wf_options_new(int argc, char *const *argv,
                                  char *const *environment,
                                  struct wf_error *err);
void wf_options_free(struct wf_options *options); /* NULL is allowed */

const struct wf_command *wf_options_command(const struct wf_options *options);
/** The arguments that are not options, or NULL if there are fewer. */
const char *wf_options_arg(const struct wf_options *options, unsigned index);

/** True if somebody set it: the value is not the default. */
bool wf_option_given(const struct wf_options *options, const char *name);
bool wf_option_flag(const struct wf_options *options, const char *name);
/** The value, or the default (which may be NULL). */
const char *wf_option_text(const struct wf_options *options,
                           const char *name);
/** NUMBER and BYTES; 0 if there is neither value nor default. */
int64_t wf_option_number(const struct wf_options *options, const char *name);
/** NULL-terminated; NULL if none was given. */
const char *const *wf_option_list(const struct wf_options *options,
                                  const char *name);

/* ---- help (options_help.c) ---- */

/** The help of a command; NULL: what commands there are. */
void wf_help_command(const struct wf_command *command, struct wf_buf *out);
/** The commented reference configuration. */
void wf_help_config(struct wf_buf *out);
/** The manual page, in troff's man macros. */
void wf_help_man(const char *version, struct wf_buf *out);

#endif
