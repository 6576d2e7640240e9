/* cli_help_asl.c - `moonstep help asl`: the fields of the language. */
#include "asl_help.h"
#include "cli.h"

int wf_cli_help_asl(const struct wf_options *options) {
    struct wf_clock clock;
    struct wf_script_options settings = {
        .lua_directory = wf_option_text(options, "lua-directory"),
        .states = wf_option_list(options, "states"),
        .clock = &clock,
    };
    struct wf_script *script = NULL;
    struct wf_buf text = {0};
    struct wf_error err = {0};
    int status = WF_EXIT_OK;

    wf_clock_init_real(&clock);
    if (wf_script_new(&settings, &script, &err) != 0)
        return wf_cli_fail(WF_EXIT_ENGINE, "%s", err.message);
    if (wf_asl_help(script, wf_options_arg(options, 1), &text, &err) != 0)
        status = wf_cli_fail(err.code == WF_E_INVALID ? WF_EXIT_USAGE
                                                      : WF_EXIT_ENGINE,
                             "%s", err.message);
    else if (!wf_cli_print((struct wf_str){text.data, text.len}))
        status = WF_EXIT_ENGINE;
    wf_buf_free(&text);
    wf_script_free(script);
    return status;
}
