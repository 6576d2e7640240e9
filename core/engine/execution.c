/* execution.c - executions and their images. See execution.h. */
#include "execution.h"

#include <stdlib.h>

#include "machine.h"

struct wf_execution *wf_execution_new(void) {
    struct wf_execution *execution = wf_calloc(1, sizeof(*execution));
    execution->row_due_ms = -1;
    execution->status = WF_EXECUTION_RUNNING;
    wf_tail_reset(&execution->tail, 1);
    execution->journaled_event = 1;
    wf_list_init(&execution->changed);
    wf_list_init(&execution->coupled);
    wf_list_init(&execution->map_runs);
    return execution;
}

void wf_execution_free_frames(struct wf_execution *execution) {
    for (struct wf_frame *f = execution->frames; f; f = f->next)
        f->up = NULL;
    while (execution->frames)
        wf_frame_remove(execution->frames);
}

void wf_execution_set_machine(struct wf_execution *execution,
                              struct wf_machine *machine) {
    execution->machine = machine;
    machine->executions++;
}

void wf_execution_free(struct wf_execution *execution) {
    if (!execution)
        return;
    if (execution->machine)
        execution->machine->executions--;
    wf_execution_free_frames(execution);
    free(execution->frame_slots);
    free(execution->gone);
    free(execution->callers);
    wf_ref_clear(&execution->input);
    wf_ref_clear(&execution->output);
    wf_buf_free(&execution->tail.bytes);
    if (execution->older_tail)
        wf_buf_free(&execution->older_tail->bytes);
    free(execution->older_tail);
    free(execution->name);
    free(execution->error);
    free(execution->cause);
    free(execution->trace_header);
    free(execution->alias);
    for (size_t i = 0; execution->redrives && i < WF_REDRIVE_TOKENS; i++)
        free(execution->redrives->tokens[i].text);
    free(execution->redrives);
    wf_buf_free(&execution->between);
    free(execution->pause.reason);
    wf_signals_free(execution->signals);
    wf_buf_free(&execution->earlier);
    free(execution->forked_from);
    struct wf_link *link;
    while ((link = wf_list_shift(&execution->map_runs)))
        wf_map_run_free(WF_ENTRY(link, struct wf_map_run, link));
    while ((link = wf_list_shift(&execution->coupled)))
        WF_ENTRY(link, struct wf_map_child, couple_link)->coupled_to = NULL;
    wf_map_child_free(execution->map_child);
    free(execution->held.calls);
    free(execution->held.tasks);
    free(execution);
}

void wf_execution_mark(struct wf_execution *execution, uint64_t seq) {
    struct wf_mark *marks = execution->marks;
    marks[2] = marks[1];
    marks[1] = marks[0];
    marks[0] = (struct wf_mark){seq, execution->tail.next_event};
}

uint64_t wf_execution_durable_event(const struct wf_execution *execution,
                                    uint64_t durable_seq) {
    for (int i = 0; i < 3; i++)
        if (execution->marks[i].seq <= durable_seq)
            return execution->marks[i].next_event;
    return 0;
}

size_t wf_execution_bytes(const struct wf_execution *execution) {
    size_t input = execution->input.doc ? execution->input.doc->len * 3 : 0;
    return sizeof(*execution) + execution->tail.bytes.cap + 64 + input +
           execution->frame_bytes +
           (execution->signals ? execution->signals->bytes : 0);
}

/* ---- redrives ---- */

struct wf_redrives *wf_execution_redrives(struct wf_execution *execution) {
    if (!execution->redrives)
        execution->redrives = wf_calloc(1, sizeof(*execution->redrives));
    return execution->redrives;
}

uint32_t wf_execution_redrive_count(const struct wf_execution *execution) {
    return execution->redrives ? execution->redrives->count : 0;
}

void wf_execution_count_redrive(struct wf_execution *execution,
                                int64_t now_ms, struct wf_str token) {
    struct wf_redrives *redrives = wf_execution_redrives(execution);
    struct wf_redrive_token *tokens = redrives->tokens;
    redrives->count++;
    redrives->last_ms = now_ms;
    if (token.len == 0)
        return;
    free(tokens[WF_REDRIVE_TOKENS - 1].text);
    memmove(tokens + 1, tokens, (WF_REDRIVE_TOKENS - 1) * sizeof(*tokens));
    tokens[0].text = wf_strndup(token.data, token.len);
    tokens[0].when_ms = now_ms;
}

static void encode_redrives(const struct wf_redrives *redrives,
                            struct wf_buf *out) {
    struct wf_buf tokens = {0};
    for (size_t i = 0; i < WF_REDRIVE_TOKENS && redrives->tokens[i].text;
         i++) {
        wf_buf_text(&tokens, wf_str(redrives->tokens[i].text));
        wf_buf_signed(&tokens, redrives->tokens[i].when_ms);
    }
    wf_buf_varint(out, redrives->count);
    wf_buf_signed(out, redrives->last_ms);
    wf_buf_text(out, (struct wf_str){tokens.data, tokens.len});
    wf_buf_free(&tokens);
}

static void apply_redrives(struct wf_execution *execution,
                           const struct wf_execution_image *image) {
    struct wf_redrives *redrives = wf_execution_redrives(execution);
    struct wf_str text = image->redrive_tokens;
    struct wf_reader in = {text.data, text.data + text.len, false};
    redrives->count = image->redrive_count;
    redrives->last_ms = image->redrive_ms;
    for (size_t i = 0; i < WF_REDRIVE_TOKENS; i++) {
        struct wf_redrive_token *token = &redrives->tokens[i];
        free(token->text);
        token->text = NULL;
        if (in.at == in.end || in.bad)
            continue;
        text = wf_read_text(&in);
        token->text = wf_strndup(text.data ? text.data : "", text.len);
        token->when_ms = wf_read_signed(&in);
    }
}

/* ---- images ---- */

enum execution_flags {
    EXECUTION_EXPRESS = 1,
    EXECUTION_HAS_ERROR = 2,
    EXECUTION_CHILD = 4,
    EXECUTION_CHILD_EXPRESS = 8,
    EXECUTION_QUALIFIED = 16, /* started with a version or an alias */
    EXECUTION_REDRIVEN = 32,
    EXECUTION_BETWEEN = 64,
    EXECUTION_CALLED = 128,   /* started by a task, or one waits for it */
};

/* The second byte. On disk: add, never renumber. */
enum more_flags {
    EXECUTION_EARLIER = 1, /* it has run other revisions */
    EXECUTION_PAUSED = 4,
    EXECUTION_LISTED_PAUSED = 8,
    EXECUTION_SIGNALS = 16,
    EXECUTION_FORKED = 32,
};

static uint8_t more_flags_of(const struct wf_execution *execution) {
    return (uint8_t)((execution->earlier.len ? EXECUTION_EARLIER : 0) |
                     (execution->forked_from ? EXECUTION_FORKED : 0) |
                     (execution->pause.since_ms ? EXECUTION_PAUSED : 0) |
                     (execution->list_shows_pause ? EXECUTION_LISTED_PAUSED
                                                  : 0) |
                     (wf_signals_are_empty(execution->signals)
                          ? 0
                          : EXECUTION_SIGNALS));
}

static uint8_t flags_of(const struct wf_execution *execution) {
    const struct wf_map_child *child = execution->map_child;
    return (uint8_t)((execution->express ? EXECUTION_EXPRESS : 0) |
                     (execution->error ? EXECUTION_HAS_ERROR : 0) |
                     (child ? EXECUTION_CHILD : 0) |
                     (child && child->express ? EXECUTION_CHILD_EXPRESS
                                              : 0) |
                     (execution->version ? EXECUTION_QUALIFIED : 0) |
                     (execution->redrives ? EXECUTION_REDRIVEN : 0) |
                     (execution->between.len ? EXECUTION_BETWEEN : 0) |
                     (execution->caller_count ? EXECUTION_CALLED : 0));
}

static void encode_child(const struct wf_map_child *child,
                         struct wf_buf *out) {
    wf_buf_varint(out, child->parent);
    wf_buf_varint(out, child->frame);
    wf_buf_varint(out, child->run);
    wf_buf_varint(out, child->index);
    wf_buf_varint(out, child->items);
    wf_buf_text(out, wf_str(child->label));
}

static void decode_child(struct wf_reader *in,
                         struct wf_execution_image *image) {
    image->child_parent = wf_read_varint(in);
    image->child_frame = (uint32_t)wf_read_varint(in);
    image->child_run = (uint32_t)wf_read_varint(in);
    image->child_index = wf_read_varint(in);
    image->child_items = (uint32_t)wf_read_varint(in);
    image->child_label = wf_read_text(in);
}

static void decode_redrives(struct wf_reader *in,
                            struct wf_execution_image *image) {
    image->redrive_count = (uint32_t)wf_read_varint(in);
    image->redrive_ms = wf_read_signed(in);
    image->redrive_tokens = wf_read_text(in);
}

static void encode_pause(const struct wf_pause *pause, struct wf_buf *out) {
    wf_buf_signed(out, pause->since_ms);
    wf_buf_u8(out, pause->with_machine);
    wf_buf_text(out, wf_str(pause->reason));
}

static void encode_signals(const struct wf_signals *signals,
                           struct wf_buf *out) {
    struct wf_buf text = {0};
    wf_signals_encode(signals, &text);
    wf_buf_text(out, (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
}

static void decode_pause(struct wf_reader *in, uint8_t flags,
                         struct wf_execution_image *image) {
    image->paused_ms = 0;
    image->pause_reason = WF_STR_NULL;
    image->paused_with_machine = false;
    image->list_shows_pause = flags & EXECUTION_LISTED_PAUSED;
    if (!(flags & EXECUTION_PAUSED))
        return;
    image->paused_ms = wf_read_signed(in);
    image->paused_with_machine = wf_read_u8(in);
    struct wf_str reason = wf_read_text(in);
    if (reason.len)
        image->pause_reason = reason;
}

static struct wf_map_child *new_child(struct wf_execution *execution,
                                      const struct wf_execution_image *image) {
    struct wf_map_child *child = wf_calloc(1, sizeof(*child));
    child->parent = image->child_parent;
    child->frame = image->child_frame;
    child->run = image->child_run;
    child->index = image->child_index;
    child->items = image->child_items;
    child->express = image->child_express;
    child->label = wf_strndup(image->child_label.data,
                              image->child_label.len);
    child->execution = execution;
    return child;
}

static void encode_past(const struct wf_execution *execution,
                        struct wf_buf *out) {
    if (execution->earlier.len)
        wf_buf_text(out, (struct wf_str){execution->earlier.data,
                                         execution->earlier.len});
    if (!execution->forked_from)
        return;
    wf_buf_text(out, wf_str(execution->forked_from));
    wf_buf_varint(out, execution->forked_event);
}

static void decode_past(struct wf_reader *in, uint8_t flags,
                        struct wf_execution_image *image) {
    image->earlier =
        flags & EXECUTION_EARLIER ? wf_read_text(in) : WF_STR_NULL;
    image->forked_from = WF_STR_NULL;
    image->forked_event = 0;
    if (!(flags & EXECUTION_FORKED))
        return;
    image->forked_from = wf_read_text(in);
    image->forked_event = wf_read_varint(in);
}

void wf_execution_encode(const struct wf_execution *execution,
                         struct wf_buf *out) {
    wf_buf_u8(out, WF_IMAGE_VERSION);
    wf_buf_u8(out, flags_of(execution));
    wf_buf_u8(out, more_flags_of(execution));
    wf_buf_u8(out, (uint8_t)execution->status);
    wf_buf_varint(out, execution->machine->id);
    wf_buf_varint(out, execution->machine->revision);
    wf_buf_text(out, wf_str(execution->name));
    wf_buf_text(out, wf_str(execution->bundle));
    wf_buf_signed(out, execution->start_ms);
    wf_buf_signed(out, execution->stop_ms);
    wf_buf_signed(out, execution->last_ms - execution->start_ms);
    wf_buf_signed(out, execution->timeout_due_ms);
    wf_buf_signed(out, execution->row_due_ms);
    wf_buf_varint(out, execution->tail.next_event);
    wf_buf_varint(out, execution->input.number);
    wf_buf_varint(out, execution->output.number);
    wf_buf_varint(out, execution->next_frame);
    wf_buf_varint(out, execution->frame_rows);
    wf_buf_text(out, wf_str(execution->error));
    wf_buf_text(out, wf_str(execution->cause));
    wf_buf_text(out, wf_str(execution->trace_header));
    if (execution->version) {
        wf_buf_varint(out, execution->version);
        wf_buf_text(out, wf_str(execution->alias));
    }
    if (execution->map_child)
        encode_child(execution->map_child, out);
    if (execution->redrives)
        encode_redrives(execution->redrives, out);
    if (execution->between.len)
        wf_buf_text(out, (struct wf_str){execution->between.data,
                                         execution->between.len});
    if (execution->caller_count)
        wf_callers_encode(execution, out);
    if (execution->pause.since_ms)
        encode_pause(&execution->pause, out);
    if (!wf_signals_are_empty(execution->signals))
        encode_signals(execution->signals, out);
    encode_past(execution, out);
    wf_buf_varint(out, execution->chain.from);
    if (execution->chain.from)
        wf_buf_add(out, execution->chain.head, WF_LINK_BYTES);
    wf_buf_u8(out, 0); /* length of the seal */
}

void wf_execution_seal(uint64_t execution, struct wf_hash *hash,
                       struct wf_buf *out, size_t from) {
    uint8_t seal[WF_SEAL_BYTES];
    out->data[out->len - 1] = WF_SEAL_BYTES;
    wf_chain_seal(hash, execution,
                  (struct wf_str){out->data + from, out->len - from}, seal);
    wf_buf_add(out, seal, sizeof(seal));
}

static void decode_chain(struct wf_reader *in, uint8_t version,
                         struct wf_execution_image *image) {
    image->chain_from = 0;
    image->chain_head = image->seal = WF_STR_NULL;
    if (version < WF_IMAGE_CHAINED)
        return;
    image->chain_from = wf_read_varint(in);
    if (image->chain_from)
        image->chain_head = wf_read_bytes(in, WF_LINK_BYTES);
    image->seal = wf_read_bytes(in, wf_read_u8(in));
    if (image->seal.len != 0 && image->seal.len != WF_SEAL_BYTES)
        in->bad = true;
}

bool wf_execution_decode(struct wf_reader *in,
                         struct wf_execution_image *image) {
    uint8_t version = wf_read_u8(in);
    if (version < WF_IMAGE_OLDEST || version > WF_IMAGE_VERSION)
        return false;
    uint8_t flags = wf_read_u8(in);
    uint8_t more = version >= WF_IMAGE_MORE ? wf_read_u8(in) : 0;
    image->express = flags & EXECUTION_EXPRESS;
    image->has_error = flags & EXECUTION_HAS_ERROR;
    image->status = wf_read_u8(in);
    image->machine = (uint32_t)wf_read_varint(in);
    image->revision = (uint32_t)wf_read_varint(in);
    image->name = wf_read_text(in);
    image->bundle = wf_read_text(in);
    image->start_ms = wf_read_signed(in);
    image->stop_ms = wf_read_signed(in);
    image->last_ms = image->start_ms + wf_read_signed(in);
    image->timeout_due_ms = wf_read_signed(in);
    image->row_due_ms = wf_read_signed(in);
    image->next_event = wf_read_varint(in);
    image->input = wf_read_varint(in);
    image->output = wf_read_varint(in);
    image->next_frame = (uint32_t)wf_read_varint(in);
    image->frame_rows = (uint32_t)wf_read_varint(in);
    image->error = wf_read_text(in);
    image->cause = wf_read_text(in);
    image->trace_header = wf_read_text(in);
    image->version = 0;
    image->alias = WF_STR_NULL;
    if (flags & EXECUTION_QUALIFIED) {
        image->version = (uint32_t)wf_read_varint(in);
        image->alias = wf_read_text(in);
    }
    image->is_child = flags & EXECUTION_CHILD;
    image->child_express = flags & EXECUTION_CHILD_EXPRESS;
    image->child_label = WF_STR_NULL;
    if (image->is_child)
        decode_child(in, image);
    image->redrive_count = 0;
    image->redrive_ms = 0;
    image->redrive_tokens = image->between = WF_STR_NULL;
    if (flags & EXECUTION_REDRIVEN)
        decode_redrives(in, image);
    if (flags & EXECUTION_BETWEEN)
        image->between = wf_read_text(in);
    image->caller_count = 0;
    if (flags & EXECUTION_CALLED)
        wf_callers_decode(in, image);
    decode_pause(in, more, image);
    image->signals =
        more & EXECUTION_SIGNALS ? wf_read_text(in) : WF_STR_NULL;
    decode_past(in, more, image);
    decode_chain(in, version, image);
    return !in->bad && image->bundle.len <= 64;
}

static void replace_text(char **to, struct wf_str text, bool present) {
    free(*to);
    *to = present ? wf_strndup(text.data, text.len) : NULL;
}

void wf_execution_apply(struct wf_execution *execution,
                        const struct wf_execution_image *image) {
    replace_text(&execution->name, image->name, true);
    replace_text(&execution->error, image->error, image->has_error);
    replace_text(&execution->cause, image->cause, image->has_error);
    replace_text(&execution->trace_header, image->trace_header,
                 image->trace_header.len > 0);
    replace_text(&execution->alias, image->alias, image->alias.len > 0);
    execution->version = image->version;
    memset(execution->bundle, 0, sizeof(execution->bundle));
    if (image->bundle.len)
        memcpy(execution->bundle, image->bundle.data, image->bundle.len);
    if (image->is_child && !execution->map_child)
        execution->map_child = new_child(execution, image);
    if (image->redrive_count)
        apply_redrives(execution, image);
    execution->between.len = 0;
    wf_buf_addstr(&execution->between, image->between);
    execution->earlier.len = 0;
    wf_buf_addstr(&execution->earlier, image->earlier);
    replace_text(&execution->forked_from, image->forked_from,
                 image->forked_from.len > 0);
    execution->forked_event = image->forked_event;
    wf_callers_apply(execution, image);
    replace_text(&execution->pause.reason, image->pause_reason,
                 image->pause_reason.len > 0);
    execution->pause.since_ms = image->paused_ms;
    execution->pause.with_machine = image->paused_with_machine;
    execution->list_shows_pause = image->list_shows_pause;
    wf_signals_free(execution->signals);
    execution->signals =
        image->signals.data ? wf_signals_decode(image->signals) : NULL;
    execution->chain.from = image->chain_from;
    if (image->chain_from)
        memcpy(execution->chain.head, image->chain_head.data, WF_LINK_BYTES);
    execution->express = image->express;
    execution->status = image->status;
    execution->start_ms = image->start_ms;
    execution->stop_ms = image->stop_ms;
    execution->last_ms = image->last_ms;
    execution->timeout_due_ms = image->timeout_due_ms;
    execution->row_due_ms = image->row_due_ms;
    execution->next_frame = image->next_frame;
    execution->frame_rows = image->frame_rows;
    if (execution->input.number != image->input)
        wf_ref_set(&execution->input, image->input, NULL);
    if (execution->output.number != image->output)
        wf_ref_set(&execution->output, image->output, NULL);
}


bool wf_list_row_decode(struct wf_str row, bool is_child,
                      struct wf_list_row *listed) {
    struct wf_reader in = {row.data, row.data + row.len, false};
    *listed = (struct wf_list_row){.status = wf_read_u8(&in)};
    listed->duration_ms = (int64_t)wf_read_varint(&in);
    listed->name = wf_read_text(&in);
    if (is_child) {
        listed->start_ms = (int64_t)wf_read_varint(&in);
        listed->items = wf_read_varint(&in);
    } else if (in.at < in.end) {
        listed->version = (uint32_t)wf_read_varint(&in);
        listed->alias = wf_read_text(&in);
    }
    if (in.at < in.end) {
        listed->redrives = (uint32_t)wf_read_varint(&in);
        listed->redrive_ms = (int64_t)wf_read_varint(&in);
    }
    if (in.at < in.end)
        listed->paused_ms = (int64_t)wf_read_varint(&in);
    return !in.bad && in.at == in.end;
}
