/*
 * graph.h - pictures of definitions.
 *
 * Layout and drawing are Lua (lua/graph/), run in the sandbox of a script
 * state; whatever is a JSON object can be drawn.
 */
#ifndef WF_GRAPH_H
#define WF_GRAPH_H

#include "script.h"

/**
 * Appends the picture of a definition (JSON text, unchecked) in a format:
 * "svg", "json" (the layout), "mermaid" or "dot". Returns 0, or -1 and fills
 * `err`: WF_E_INVALID, with line and column, if the text is no JSON object.
 */
int wf_graph_draw(struct wf_script *script, struct wf_str definition,
                  const char *format, struct wf_buf *picture,
                  struct wf_error *err);

#endif
