/*
 * options.h - the command line, the environment and the configuration file.
 *
 * One table (options_table.c) names every option once; another one
 * (options_commands.c) every command. From the first come the
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

/** A command; options have a set of them. */
typedef uint64_t wf_command_bits;

#define WF_COMMAND_BIT(number) (UINT64_C(1) << (number))
#define WF_COMMAND_RUN WF_COMMAND_BIT(0)
#define WF_COMMAND_SERVE WF_COMMAND_BIT(1)
#define WF_COMMAND_START WF_COMMAND_BIT(2)
#define WF_COMMAND_LIST WF_COMMAND_BIT(3)
#define WF_COMMAND_SHOW WF_COMMAND_BIT(4)
#define WF_COMMAND_HISTORY WF_COMMAND_BIT(5)
#define WF_COMMAND_VERSION WF_COMMAND_BIT(6)
#define WF_COMMAND_HELP WF_COMMAND_BIT(7)
#define WF_COMMAND_GRAPH WF_COMMAND_BIT(8)
#define WF_COMMAND_STOP WF_COMMAND_BIT(9)
#define WF_COMMAND_VALIDATE WF_COMMAND_BIT(10)
#define WF_COMMAND_MACHINES WF_COMMAND_BIT(11)
#define WF_COMMAND_CREATE WF_COMMAND_BIT(12)
#define WF_COMMAND_UPDATE WF_COMMAND_BIT(13)
#define WF_COMMAND_DELETE WF_COMMAND_BIT(14)
#define WF_COMMAND_EVAL WF_COMMAND_BIT(15)
#define WF_COMMAND_MAP_RUNS WF_COMMAND_BIT(16)
#define WF_COMMAND_STATS WF_COMMAND_BIT(17)
#define WF_COMMAND_BACKUP WF_COMMAND_BIT(18)
#define WF_COMMAND_VERIFY WF_COMMAND_BIT(28)
#define WF_COMMAND_REDRIVE WF_COMMAND_BIT(19)
#define WF_COMMAND_SEARCH WF_COMMAND_BIT(20)
#define WF_COMMAND_SCHEDULE WF_COMMAND_BIT(21)
#define WF_COMMAND_TEST_STATE WF_COMMAND_BIT(22)
#define WF_COMMAND_SEND WF_COMMAND_BIT(23)
#define WF_COMMAND_PUBLISH WF_COMMAND_BIT(24)
#define WF_COMMAND_VERSIONS WF_COMMAND_BIT(25)
#define WF_COMMAND_ALIASES WF_COMMAND_BIT(26)
#define WF_COMMAND_ALIAS WF_COMMAND_BIT(27)
#define WF_COMMAND_WORKER WF_COMMAND_BIT(29)
#define WF_COMMAND_CHECK WF_COMMAND_BIT(30)
#define WF_COMMAND_NOTIFICATIONS WF_COMMAND_BIT(40)
#define WF_COMMAND_PAUSE WF_COMMAND_BIT(32)
#define WF_COMMAND_RESUME WF_COMMAND_BIT(33)
#define WF_COMMAND_SIGNAL WF_COMMAND_BIT(34)
#define WF_COMMAND_TRIGGERS WF_COMMAND_BIT(31)
#define WF_COMMAND_VARS WF_COMMAND_BIT(35)
#define WF_COMMAND_FORK WF_COMMAND_BIT(38)
#define WF_COMMAND_TOP WF_COMMAND_BIT(37)
#define WF_COMMAND_NEW WF_COMMAND_BIT(36)

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
    wf_command_bits bit;
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
    wf_command_bits commands;
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
