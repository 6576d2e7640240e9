/* audit_verify.c - whether a log's lines fit together. See audit.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit.h"
#include "sigv4.h"

#define PREVIOUS ",\"previous\":\""
#define HASH "\",\"hash\":\""
#define END "\"}"

enum {
    HEX = 64,
    HASH_PART = sizeof(HASH) - 1 + HEX + sizeof(END) - 1,
    TAIL = sizeof(PREVIOUS) - 1 + HEX + HASH_PART,
};

const char wf_audit_first[65] =
    "0000000000000000000000000000000000000000000000000000000000000000";

static bool has(const char *at, const char *text) {
    return memcmp(at, text, strlen(text)) == 0;
}

/* Its end has a fixed form, which no JSON reader is needed for. */
static bool is_line(struct wf_str line) {
    if (line.len < TAIL + 2 || line.data[0] != '{')
        return false;
    const char *tail = line.data + line.len - TAIL;
    return has(tail, PREVIOUS) &&
           has(tail + sizeof(PREVIOUS) - 1 + HEX, HASH) &&
           has(line.data + line.len - (sizeof(END) - 1), END);
}

const char *wf_audit_line_check(struct wf_str line, const char *previous,
                                char hash[65]) {
    unsigned char digest[WF_SIGV4_HASH];
    char made[65];

    if (!is_line(line))
        return "it is no line of an audit log";
    const char *before = line.data + line.len - TAIL + sizeof(PREVIOUS) - 1;
    const char *said = before + HEX + sizeof(HASH) - 1;
    wf_sigv4_hash((struct wf_str){line.data, line.len - HASH_PART + 1},
                  digest);
    wf_sigv4_hex(digest, made);
    if (memcmp(made, said, HEX) != 0)
        return "its hash is not that of its text: the line was altered";
    if (previous && memcmp(before, previous, HEX) != 0)
        return "it does not follow the line before: lines were taken out, put "
               "in or exchanged";
    memcpy(hash, made, sizeof(made));
    return NULL;
}

static const char *check_next(FILE *file, char **line, size_t *room,
                              struct wf_audit_verdict *verdict, bool *over) {
    ssize_t len = getline(line, room, file);
    char hash[65];

    *over = len < 0;
    if (*over)
        return NULL;
    if ((*line)[len - 1] != '\n')
        return "it has no end: it was being written, or was cut off";
    const char *problem =
        wf_audit_line_check((struct wf_str){*line, (size_t)len - 1},
                            verdict->last, hash);
    if (!problem) {
        verdict->lines++;
        memcpy(verdict->last, hash, sizeof(hash));
    }
    return problem;
}

int wf_audit_verify(const char *path, struct wf_audit_verdict *verdict,
                    struct wf_error *err) {
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    bool over = false;
    int rc = 0;

    *verdict = (struct wf_audit_verdict){0};
    memcpy(verdict->last, wf_audit_first, sizeof(verdict->last));
    if (!file)
        return wf_error_set(err, WF_E_IO, "%s: %s", path, strerror(errno));
    while (!over && !verdict->problem)
        verdict->problem = check_next(file, &line, &room, verdict, &over);
    if (ferror(file))
        rc = wf_error_set(err, WF_E_IO, "%s: %s", path, strerror(errno));
    free(line);
    fclose(file);
    return rc;
}
