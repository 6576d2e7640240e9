/* time_zone_file.c - zones from TZif files. See time_zone.h. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "time_zone_impl.h"

#define FILE_BYTES ((size_t)1 << 20) /* the largest there are have 4 KiB */
#define NAME_BYTES 64

struct header {
    char version;
    uint32_t utc_count, standard_count, leap_count, time_count, type_count,
        text_count;
};

static bool read_header(struct wf_reader *in, struct header *header) {
    struct wf_str magic = wf_read_bytes(in, 4);
    header->version = (char)wf_read_u8(in);
    wf_read_bytes(in, 15);
    uint32_t *const counts[] = {&header->utc_count, &header->standard_count,
                                &header->leap_count, &header->time_count,
                                &header->type_count, &header->text_count};
    for (int i = 0; i < 6; i++)
        *counts[i] = wf_read_be32(in);
    if (in->bad || !wf_str_eq(magic, WF_STR("TZif")))
        return false;
    for (int i = 0; i < 6; i++)
        if (*counts[i] > FILE_BYTES)
            return false;
    return true;
}

/* What has numbers of four bytes says nothing that the rest does not. */
static void skip_first(struct wf_reader *in, const struct header *header) {
    wf_read_bytes(in, (size_t)header->time_count * 5 +
                          (size_t)header->type_count * 6 +
                          header->text_count +
                          (size_t)header->leap_count * 8 +
                          header->standard_count + header->utc_count);
}

static bool is_offset(int32_t offset) {
    return offset < WF_ZONE_OFFSET_MAX && offset > -WF_ZONE_OFFSET_MAX;
}

/* The table's parts stand one behind the other: times, types, offsets. */
static bool read_table(struct wf_reader *in, const struct header *header,
                       struct wf_zone *zone) {
    struct wf_str times =
        wf_read_bytes(in, (size_t)header->time_count * 8);
    struct wf_str types = wf_read_bytes(in, header->time_count);
    struct wf_str infos = wf_read_bytes(in, (size_t)header->type_count * 6);
    wf_read_bytes(in, (size_t)header->text_count + header->standard_count +
                          header->utc_count);
    if (in->bad || header->type_count == 0)
        return false;
    zone->count = header->time_count;
    zone->transitions = wf_calloc(zone->count + 1,
                                  sizeof(*zone->transitions));
    for (size_t i = 0; i <= zone->count; i++) {
        uint8_t type = i > 0 ? (uint8_t)types.data[i - 1] : 0;
        if (type >= header->type_count)
            return false;
        const char *info_at = infos.data + (size_t)type * 6;
        struct wf_reader info = {info_at, info_at + 4, false};
        int32_t offset = (int32_t)wf_read_be32(&info);
        if (!is_offset(offset))
            return false;
        if (i == 0) {
            zone->first_offset = offset;
            continue;
        }
        struct wf_reader time = {times.data + (i - 1) * 8,
                                 times.data + i * 8, false};
        struct wf_zone_transition *at = &zone->transitions[i - 1];
        *at = (struct wf_zone_transition){(int64_t)wf_read_be64(&time),
                                          offset};
        if (i > 1 && at->utc_s <= at[-1].utc_s)
            return false;
    }
    return true;
}

static bool read_rule(struct wf_reader *in, struct wf_zone *zone) {
    if (wf_read_u8(in) != '\n')
        return false;
    const char *end =
        in->at < in->end ? memchr(in->at, '\n', (size_t)(in->end - in->at))
                         : NULL;
    if (!end)
        return false;
    struct wf_str text = {in->at, (size_t)(end - in->at)};
    zone->has_rule = text.len > 0;
    return text.len == 0 || wf_zone_rule_parse(text, &zone->rule);
}

struct wf_zone *wf_zone_parse(struct wf_str bytes, struct wf_error *err) {
    struct wf_reader in = {bytes.data, bytes.data + bytes.len, false};
    struct header header;
    if (!read_header(&in, &header) || header.version < '2') {
        wf_error_set(err, WF_E_INVALID, "it is no TZif file of version 2");
        return NULL;
    }
    skip_first(&in, &header);
    if (!read_header(&in, &header) || header.leap_count > 0) {
        wf_error_set(err, WF_E_INVALID, "a TZif file with leap seconds, or "
                     "a broken one");
        return NULL;
    }
    struct wf_zone *zone = wf_calloc(1, sizeof(*zone));
    if (read_table(&in, &header, zone) && read_rule(&in, zone))
        return zone;
    wf_zone_free(zone);
    wf_error_set(err, WF_E_INVALID, "a broken TZif file");
    return NULL;
}

/* ---- files ---- */

static bool begins_with(struct wf_str text, const char *begin) {
    size_t len = strlen(begin);
    return text.len >= len && memcmp(text.data, begin, len) == 0;
}

/* A name leads to nothing outside the directory. */
static bool is_name(struct wf_str name) {
    if (name.len == 0 || name.len > NAME_BYTES || name.data[0] == '/' ||
        begins_with(name, "posix/") || begins_with(name, "right/"))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '+' ||
              c == '-'))
            return false;
    }
    return true;
}

static bool read_file(const char *path, struct wf_buf *bytes) {
    struct stat info;
    ssize_t got = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return false;
    bool good = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    while (good && bytes->len <= FILE_BYTES) {
        wf_buf_reserve(bytes, 8192);
        got = read(fd, bytes->data + bytes->len, 8192);
        if (got <= 0)
            break;
        bytes->len += (size_t)got;
    }
    close(fd);
    return good && got == 0;
}

static const char *default_directory(void) {
    const char *directory = getenv("TZDIR");
    return directory && *directory ? directory : "/usr/share/zoneinfo";
}

struct wf_zone *wf_zone_load(const char *directory, struct wf_str name,
                             struct wf_error *err) {
    struct wf_buf path = {0}, bytes = {0};
    struct wf_zone *zone = NULL;
    if (wf_str_eq(name, WF_STR("UTC")))
        return wf_calloc(1, sizeof(*zone));
    wf_buf_addf(&path, "%s/%.*s", directory ? directory : default_directory(),
                (int)name.len, name.data);
    wf_buf_u8(&path, 0);
    if (is_name(name) && read_file(path.data, &bytes))
        zone = wf_zone_parse((struct wf_str){bytes.data, bytes.len}, err);
    if (!zone)
        wf_error_set(err, WF_E_NOT_FOUND, "there is no time zone %.*s",
                     (int)name.len, name.data);
    wf_buf_free(&path);
    wf_buf_free(&bytes);
    return zone;
}
