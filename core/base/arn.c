/* arn.c - ARNs and names. See arn.h. */
#include "arn.h"

#define ACCOUNT_DIGITS 12

static bool has_prefix(struct wf_str text) {
    return text.len >= 4 && memcmp(text.data, "arn:", 4) == 0;
}

static bool is_partition(struct wf_str name) {
    static const char *const partitions[] = {
        "aws",       "aws-cn",    "aws-us-gov", "aws-iso",
        "aws-iso-b", "aws-iso-e", "aws-iso-f",  "aws-eusc",
    };
    for (size_t i = 0; i < sizeof(partitions) / sizeof(partitions[0]); i++)
        if (wf_str_eq(name, wf_str(partitions[i])))
            return true;
    return false;
}

/* Cuts a part off the rest, which is up to the next colon. */
static struct wf_str take_part(struct wf_str *rest) {
    const char *colon = memchr(rest->data, ':', rest->len);
    size_t len = colon ? (size_t)(colon - rest->data) : rest->len;
    struct wf_str part = {rest->data, len};
    size_t skip = colon ? len + 1 : len;
    *rest = (struct wf_str){rest->data + skip, rest->len - skip};
    return part;
}

bool wf_arn_parse(struct wf_str text, struct wf_arn *arn) {
    *arn = (struct wf_arn){0};
    if (!has_prefix(text) || text.data[text.len - 1] == ':')
        return false; /* "name:" is not "name" */
    struct wf_str rest = {text.data + 4, text.len - 4};
    struct wf_str partition = take_part(&rest), service = take_part(&rest);
    take_part(&rest); /* region */
    take_part(&rest); /* account */
    arn->kind = take_part(&rest);
    arn->name = take_part(&rest);
    arn->rest = rest;
    return is_partition(partition) && wf_str_eq(service, WF_STR("states")) &&
           arn->kind.len > 0 && arn->name.len > 0;
}

static bool complain(struct wf_buf *why, const char *what,
                     struct wf_str about) {
    wf_buf_addf(why, "Invalid Arn: '%s: ", what);
    wf_buf_addstr(why, about);
    wf_buf_u8(why, '\'');
    return false;
}

bool wf_arn_malformed(struct wf_str text, struct wf_buf *why) {
    return complain(why, "Malformed ARN", text);
}

bool wf_arn_read(struct wf_str text, const char *kind, const char *other,
                 struct wf_arn *arn, struct wf_buf *why) {
    if (!has_prefix(text))
        return complain(why, "Invalid ARN prefix", text);
    if (!wf_arn_parse(text, arn))
        return wf_arn_malformed(text, why);
    if (wf_str_eq(arn->kind, wf_str(kind)) ||
        (other && wf_str_eq(arn->kind, wf_str(other))))
        return true;
    return complain(why, "Resource type not valid in this context",
                    arn->kind);
}

bool wf_arn_is_number(struct wf_str qualifier) {
    for (size_t i = 0; i < qualifier.len; i++)
        if (qualifier.data[i] < '0' || qualifier.data[i] > '9')
            return false;
    return qualifier.len > 0;
}

uint32_t wf_arn_version(struct wf_str qualifier) {
    uint64_t number = 0;
    if (!wf_arn_is_number(qualifier) || qualifier.data[0] == '0')
        return 0;
    for (size_t i = 0; i < qualifier.len && number <= UINT32_MAX; i++)
        number = number * 10 + (uint64_t)(qualifier.data[i] - '0');
    return number <= UINT32_MAX ? (uint32_t)number : 0;
}

bool wf_arn_has_label(const struct wf_arn *arn) {
    return memchr(arn->name.data, '/', arn->name.len) != NULL;
}

/* ---- roles ---- */

/* "role/" and at least one of the characters that paths and names have. */
static bool is_role_name(struct wf_str text) {
    static const char role[] = "role/";
    size_t len = sizeof(role) - 1;
    if (text.len <= len || memcmp(text.data, role, len) != 0 ||
        text.data[text.len - 1] == '/')
        return false;
    for (size_t i = len; i < text.len; i++)
        if (text.data[i] <= 0x20 || text.data[i] >= 0x7f)
            return false;
    return true;
}

bool wf_arn_is_role(struct wf_str text) {
    if (!has_prefix(text))
        return false;
    struct wf_str rest = {text.data + 4, text.len - 4};
    struct wf_str partition = take_part(&rest), service = take_part(&rest);
    struct wf_str region = take_part(&rest), account = take_part(&rest);
    return is_partition(partition) && wf_str_eq(service, WF_STR("iam")) &&
           region.len == 0 && account.len == ACCOUNT_DIGITS &&
           wf_arn_is_number(account) && is_role_name(rest);
}

/* ---- names ---- */

/* U+0080 to U+009F. */
static bool is_control(unsigned char c, unsigned char next) {
    return c == 0xc2 && next < 0xa0;
}

bool wf_name_is_valid(struct wf_str name) {
    size_t characters = 0;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.data[i];
        if (c <= 0x20 || c == 0x7f ||
            strchr("<>{}[]?*\"#%\\^|~`$&,;:/", c) ||
            (i + 1 < name.len &&
             is_control(c, (unsigned char)name.data[i + 1])))
            return false;
        characters += (c & 0xc0) != 0x80;
    }
    return characters >= 1 && characters <= 80;
}
