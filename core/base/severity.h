/*
 * severity.h - how grave it is what an operator is told.
 *
 * A text for the server's log may begin with one of these prefixes, as those
 * of the kernel and of sd-daemon(3) do; without one it is a notice: what had
 * been wrong is over, or nothing is.
 *
 *     wf_engine_notice(engine, WF_WARNING "handlers: %s", why);
 *
 * Whoever shows it takes the prefix off.
 */
#ifndef WF_SEVERITY_H
#define WF_SEVERITY_H

/** Data are lost or can't be read, or work is refused. */
#define WF_ERROR "<3>"
/** Something did not work, and the server goes on: a process died, an
 * endpoint takes nothing, a file of settings stays as it was. */
#define WF_WARNING "<4>"

enum wf_severity { WF_SEVERITY_ERROR, WF_SEVERITY_WARNING, WF_SEVERITY_NOTICE };

/** Of *text, which is what follows the prefix afterwards. */
static inline enum wf_severity wf_severity_take(const char **text) {
    const char *at = *text;
    if (at[0] != '<' || (at[1] != '3' && at[1] != '4') || at[2] != '>')
        return WF_SEVERITY_NOTICE;
    *text = at + 3;
    return at[1] == '3' ? WF_SEVERITY_ERROR : WF_SEVERITY_WARNING;
}

#endif
