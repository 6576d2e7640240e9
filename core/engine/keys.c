/* keys.c - see keys.h for the layouts. */
#include "keys.h"

#include <assert.h>

#define PREFIX 3 /* partition and table */

static void add(struct wf_key *key, uint64_t number, size_t bytes) {
    assert(key->len + bytes <= WF_KEY_MAX);
    for (size_t i = bytes; i-- > 0;)
        key->data[key->len++] = (char)(number >> (8 * i));
}

static void add_text(struct wf_key *key, struct wf_str text) {
    size_t room = WF_KEY_MAX - key->len;
    size_t len = text.len < room ? text.len : room;
    if (len)
        memcpy(key->data + key->len, text.data, len);
    key->len += len;
}

struct wf_key wf_key_table(uint16_t partition, char table) {
    struct wf_key key = {.len = 0};
    add(&key, partition, 2);
    add(&key, (uint8_t)table, 1);
    return key;
}

struct wf_key wf_key_table_end(uint16_t partition, char table) {
    return wf_key_table(partition, (char)(table + 1));
}

struct wf_key wf_key_journal(uint16_t partition, uint64_t seq) {
    struct wf_key key = wf_key_table(partition, 'J');
    add(&key, seq, 8);
    return key;
}

struct wf_key wf_key_execution(uint16_t partition, uint64_t execution) {
    struct wf_key key = wf_key_table(partition, 'E');
    add(&key, execution, 8);
    return key;
}

struct wf_key wf_key_frame(uint16_t partition, uint64_t execution,
                           uint32_t frame) {
    struct wf_key key = wf_key_execution(partition, execution);
    add(&key, frame, 4);
    return key;
}

struct wf_key wf_key_segment(uint16_t partition, uint64_t execution,
                             uint64_t first_event) {
    struct wf_key key = wf_key_table(partition, 'S');
    add(&key, execution, 8);
    add(&key, first_event, 8);
    return key;
}

struct wf_key wf_key_piece(uint16_t partition, uint64_t execution,
                           uint64_t document, uint32_t piece) {
    struct wf_key key = wf_key_table(partition, 'P');
    add(&key, execution, 8);
    add(&key, document, 8);
    add(&key, piece, 4);
    return key;
}

struct wf_key wf_key_name(uint16_t partition, uint32_t machine,
                          struct wf_str name) {
    struct wf_key key = wf_key_table(partition, 'N');
    add(&key, machine, 4);
    add_text(&key, name);
    return key;
}

struct wf_key wf_key_list(uint16_t partition, uint32_t machine,
                          int64_t start_ms, uint64_t execution) {
    struct wf_key key = wf_key_table(partition, 'L');
    add(&key, machine, 4);
    add(&key, (uint64_t)start_ms, 8);
    add(&key, execution, 8);
    return key;
}

struct wf_key wf_key_timer(uint16_t partition, int64_t due_ms,
                           uint64_t execution, uint32_t frame) {
    struct wf_key key = wf_key_table(partition, 'T');
    add(&key, (uint64_t)due_ms, 8);
    add(&key, execution, 8);
    add(&key, frame, 4);
    return key;
}

struct wf_key wf_key_checkpoint(uint16_t partition, uint64_t execution,
                                uint32_t frame) {
    struct wf_key key = wf_key_table(partition, 'K');
    add(&key, execution, 8);
    add(&key, frame, 4);
    return key;
}

struct wf_key wf_key_results(uint16_t partition, uint64_t execution,
                             uint32_t frame, uint32_t first) {
    struct wf_key key = wf_key_table(partition, 'O');
    add(&key, execution, 8);
    add(&key, frame, 4);
    add(&key, first, 4);
    return key;
}

struct wf_key wf_key_machine(uint16_t partition, struct wf_str name) {
    struct wf_key key = wf_key_table(partition, 'M');
    add_text(&key, name);
    return key;
}

struct wf_key wf_key_revision(uint16_t partition, uint32_t machine,
                              uint32_t revision) {
    struct wf_key key = wf_key_table(partition, 'R');
    add(&key, machine, 4);
    add(&key, revision, 4);
    return key;
}

struct wf_key wf_key_version(uint16_t partition, uint32_t machine,
                             uint32_t version) {
    struct wf_key key = wf_key_table(partition, 'V');
    add(&key, machine, 4);
    add(&key, version, 4);
    return key;
}

struct wf_key wf_key_alias(uint16_t partition, uint32_t machine,
                           struct wf_str name) {
    struct wf_key key = wf_key_table(partition, 'I');
    add(&key, machine, 4);
    add_text(&key, name);
    return key;
}

struct wf_key wf_key_qualified(uint16_t partition, uint32_t machine,
                               struct wf_str qualifier, int64_t start_ms,
                               uint64_t execution) {
    struct wf_key key = wf_key_table(partition, 'W');
    add(&key, machine, 4);
    add_text(&key, qualifier);
    add(&key, 0, 1);
    add(&key, (uint64_t)start_ms, 8);
    add(&key, execution, 8);
    return key;
}

struct wf_key wf_key_map_run(uint16_t partition, uint64_t execution,
                             uint32_t run) {
    struct wf_key key = wf_key_table(partition, 'G');
    add(&key, execution, 8);
    add(&key, run, 4);
    return key;
}

struct wf_key wf_key_child(uint16_t partition, uint64_t execution,
                           uint32_t run, uint64_t child) {
    struct wf_key key = wf_key_table(partition, 'C');
    add(&key, execution, 8);
    add(&key, run, 4);
    add(&key, child, 8);
    return key;
}

struct wf_key wf_key_activity(uint16_t partition, struct wf_str name) {
    struct wf_key key = wf_key_table(partition, 'A');
    add_text(&key, name);
    return key;
}

struct wf_key wf_key_offer(uint16_t partition, uint64_t activity,
                           int64_t time_ms, uint64_t execution,
                           uint32_t frame) {
    struct wf_key key = wf_key_table(partition, 'Q');
    add(&key, activity, 8);
    add(&key, (uint64_t)time_ms, 8);
    add(&key, execution, 8);
    add(&key, frame, 4);
    return key;
}

struct wf_key wf_key_survivor(uint16_t partition, int32_t pid,
                              uint64_t start_time) {
    struct wf_key key = wf_key_table(partition, 'X');
    add(&key, (uint32_t)pid, 4);
    add(&key, start_time, 8);
    return key;
}

struct wf_key wf_key_schedule(uint16_t partition, struct wf_str group,
                              struct wf_str name) {
    struct wf_key key = wf_key_table(partition, 'H');
    add_text(&key, group);
    add(&key, 0, 1);
    add_text(&key, name);
    return key;
}

struct wf_key wf_key_schedule_group(uint16_t partition, struct wf_str name) {
    struct wf_key key = wf_key_table(partition, 'U');
    add_text(&key, name);
    return key;
}

struct wf_key wf_key_schedule_due(uint16_t partition, int64_t due_ms,
                                  struct wf_str group, struct wf_str name,
                                  int64_t slot_ms) {
    struct wf_key key = wf_key_table(partition, 'D');
    add(&key, (uint64_t)due_ms, 8);
    add_text(&key, group);
    add(&key, 0, 1);
    add_text(&key, name);
    if (slot_ms) {
        add(&key, 0, 1);
        add(&key, (uint64_t)slot_ms, 8);
    }
    return key;
}

struct wf_key wf_key_notification(uint16_t partition, char kind,
                                  struct wf_str target, uint64_t seq) {
    struct wf_key key = wf_key_table(partition, 'F');
    add(&key, (uint8_t)kind, 1);
    add_text(&key, target);
    add(&key, 0, 1);
    add(&key, seq, 8);
    return key;
}

struct wf_key wf_key_schedule_letter(uint16_t partition, int64_t due_ms,
                                     uint64_t id) {
    struct wf_key key = wf_key_table(partition, 'F');
    add(&key, 's', 1);
    add(&key, (uint64_t)due_ms, 8);
    add(&key, id, 8);
    return key;
}

struct wf_key wf_key_removal(uint16_t partition, uint64_t execution) {
    struct wf_key key = wf_key_table(partition, 'Z');
    add(&key, execution, 8);
    return key;
}

struct wf_key wf_key_bundle(uint16_t partition, struct wf_str hash) {
    struct wf_key key = wf_key_table(partition, 'B');
    add_text(&key, hash);
    return key;
}

uint32_t wf_key_u32(struct wf_str key, size_t offset) {
    size_t at = PREFIX + offset;
    struct wf_reader in = {key.data + (at < key.len ? at : key.len),
                           key.data + key.len, false};
    return wf_read_be32(&in);
}

uint64_t wf_key_u64(struct wf_str key, size_t offset) {
    size_t at = PREFIX + offset;
    struct wf_reader in = {key.data + (at < key.len ? at : key.len),
                           key.data + key.len, false};
    return wf_read_be64(&in);
}

/* ---- as people read them ---- */

/* What follows the table's letter: x a number of 8 bytes as hexadecimal, q
 * and d numbers of 8 and 4 bytes as decimals, c a letter, s a text up to the
 * end, 0 one up to a zero, | what follows may be absent. */
static const char *const forms[256] = {
    ['J'] = "q",  ['E'] = "x|d",   ['S'] = "xq",   ['O'] = "xdd",
    ['P'] = "xqd", ['N'] = "ds",   ['L'] = "dqx",  ['T'] = "qxd",
    ['K'] = "xd", ['M'] = "s",     ['R'] = "dd",   ['V'] = "dd",
    ['I'] = "ds", ['W'] = "d0qx",  ['A'] = "s",    ['Q'] = "xqxd",
    ['G'] = "xd", ['C'] = "xdx",   ['B'] = "s",    ['H'] = "0s",
    ['U'] = "s",  ['D'] = "q0s",   ['Z'] = "x",    ['Y'] = "",
    ['X'] = "dq", ['F'] = "c0q",
};
#define LETTER_FORM "cqx" /* of table F, kind 's' */

/* Bytes that are no part of a name are not for a terminal. */
static void put_text(struct wf_buf *out, struct wf_str text) {
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < 0x20 || c == 0x7f)
            wf_buf_addf(out, "\\x%02x", c);
        else
            wf_buf_u8(out, c);
    }
}

static void put_part(struct wf_reader *in, char form, struct wf_buf *out) {
    const char *end = in->end;
    switch (form) {
    case 'x':
        wf_buf_addf(out, "%016llx", (unsigned long long)wf_read_be64(in));
        break;
    case 'q':
        wf_buf_addf(out, "%llu", (unsigned long long)wf_read_be64(in));
        break;
    case 'd':
        wf_buf_addf(out, "%lu", (unsigned long)wf_read_be32(in));
        break;
    case 'c':
        put_text(out, wf_read_bytes(in, 1));
        break;
    case '0':
        end = memchr(in->at, 0, (size_t)(in->end - in->at));
        in->bad |= !end || end == in->at;
        if (in->bad)
            break;
        put_text(out, wf_read_bytes(in, (size_t)(end - in->at)));
        in->at++;
        break;
    default:
        in->bad |= in->at == end;
        put_text(out, wf_read_bytes(in, (size_t)(end - in->at)));
    }
}

bool wf_key_describe(struct wf_str key, struct wf_buf *out) {
    struct wf_reader in = {key.data, key.data + key.len, false};
    wf_read_be16(&in);
    uint8_t table = wf_read_u8(&in);
    const char *form = in.bad ? NULL : forms[table];
    size_t start = out->len;

    if (table == 'F' && in.at < in.end && *in.at == 's')
        form = LETTER_FORM;
    for (; form && *form && !in.bad; form++) {
        if (*form == '|') {
            if (in.at == in.end)
                break;
            continue;
        }
        if (out->len > start)
            wf_buf_u8(out, ' ');
        put_part(&in, *form, out);
    }
    if (form && !in.bad && in.at == in.end)
        return true;
    out->len = start;
    for (size_t i = 3; i < key.len; i++)
        wf_buf_addf(out, "%02x", (unsigned char)key.data[i]);
    return false;
}
