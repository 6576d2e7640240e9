/* api_settings.c - configurations and tags in requests. See
 * api_settings.h. */
#include "api_settings.h"

#include <strings.h>

#include "arn.h"
#include "json_write.h"
#include "regex.h"

#define TAG_STEPS 10000 /* of PCRE2: a tag has 256 characters */
#define DEFAULT_REUSE_S 300 /* kmsDataKeyReusePeriodSeconds */

static bool member(struct wf_value object, const char *name,
                   struct wf_value *value) {
    return wf_value_member(object, wf_str(name), value) &&
           wf_value_type(*value) != WF_JSON_NULL;
}

static bool flag(struct wf_value object, const char *name) {
    struct wf_value value;
    return member(object, name, &value) &&
           wf_value_type(value) == WF_JSON_TRUE;
}

/* ---- roleArn ---- */

bool wf_api_role_read(struct wf_api_call *call,
                      struct wf_api_request *request, struct wf_str *role) {
    *role = wf_api_text(request, "roleArn");
    if (!role->data || wf_arn_is_role(*role))
        return true;
    struct wf_buf why = {0};
    wf_buf_adds(&why, "Invalid Role Arn: '");
    wf_buf_addstr(&why, *role);
    wf_buf_u8(&why, '\'');
    wf_api_fail(call, "InvalidArn", (struct wf_str){why.data, why.len});
    wf_buf_free(&why);
    return false;
}

/* ---- loggingConfiguration ---- */

static bool bad_logging(struct wf_api_call *call) {
    wf_api_fail(call, "InvalidLoggingConfiguration",
                WF_STR("Invalid Logging Configuration: Must specify exactly "
                       "one Log Destination."));
    return false;
}

static void put_destination(struct wf_api_request *request,
                            struct wf_value destination, struct wf_buf *out) {
    struct wf_value group, arn;
    wf_buf_u8(out, '{');
    if (member(destination, "cloudWatchLogsLogGroup", &group)) {
        wf_json_key(out, "cloudWatchLogsLogGroup");
        wf_buf_u8(out, '{');
        if (member(group, "logGroupArn", &arn))
            wf_json_text(out, "logGroupArn",
                         wf_api_characters(request, arn));
        wf_buf_u8(out, '}');
    }
    wf_buf_u8(out, '}');
}

static bool names_group(struct wf_value destinations) {
    struct wf_value first, group, arn;
    return wf_value_element(destinations, 0, &first) &&
           member(first, "cloudWatchLogsLogGroup", &group) &&
           member(group, "logGroupArn", &arn);
}

static bool read_logging(struct wf_api_call *call,
                         struct wf_api_request *request,
                         struct wf_buf *out) {
    struct wf_value logging, level, destinations, destination = {0};
    struct wf_str name = WF_STR("OFF");
    uint32_t count = 0;
    if (!wf_api_value(request, "loggingConfiguration", &logging))
        return true;
    if (member(logging, "level", &level))
        name = wf_api_characters(request, level);
    if (member(logging, "destinations", &destinations))
        while (count < 2 &&
               wf_value_next_element(destinations, &destination))
            count++;
    bool is_logged = !wf_str_eq(name, WF_STR("OFF"));
    if (count > 1 ||
        (is_logged && (count == 0 || !names_group(destinations))))
        return bad_logging(call);
    wf_buf_u8(out, '{');
    wf_json_text(out, "level", name);
    wf_json_raw(out, "includeExecutionData",
                flag(logging, "includeExecutionData") ? "true" : "false");
    if (count) {
        wf_value_element(destinations, 0, &destination);
        wf_json_key(out, "destinations");
        wf_buf_u8(out, '[');
        put_destination(request, destination, out);
        wf_buf_u8(out, ']');
    }
    wf_buf_u8(out, '}');
    return true;
}

/* ---- tracingConfiguration, encryptionConfiguration ---- */

static void read_tracing(struct wf_api_request *request,
                         struct wf_buf *out) {
    struct wf_value tracing;
    if (wf_api_value(request, "tracingConfiguration", &tracing))
        wf_buf_addf(out, "{\"enabled\":%s}",
                    flag(tracing, "enabled") ? "true" : "false");
}

static bool bad_encryption(struct wf_api_call *call, struct wf_str why) {
    wf_api_fail(call, "InvalidEncryptionConfiguration", why);
    return false;
}

static void put_key(struct wf_api_request *request,
                    struct wf_value encryption, struct wf_value key,
                    struct wf_buf *out) {
    struct wf_value value;
    int64_t seconds = DEFAULT_REUSE_S;
    if (member(encryption, "kmsDataKeyReusePeriodSeconds", &value))
        wf_value_integer(value, &seconds);
    wf_json_text(out, "kmsKeyId", wf_api_characters(request, key));
    wf_json_integer(out, "kmsDataKeyReusePeriodSeconds", seconds);
}

bool wf_api_encryption_read(struct wf_api_call *call,
                            struct wf_api_request *request,
                            struct wf_buf *out) {
    struct wf_value encryption, type, key;
    if (!wf_api_value(request, "encryptionConfiguration", &encryption))
        return true;
    bool has_key = member(encryption, "kmsKeyId", &key);
    member(encryption, "type", &type); /* required by the model */
    bool is_own = wf_str_eq(wf_api_characters(request, type),
                            WF_STR("CUSTOMER_MANAGED_KMS_KEY"));
    if (is_own && !has_key)
        return bad_encryption(
            call, WF_STR("Invalid Encryption Configuration: a kmsKeyId is "
                         "required for CUSTOMER_MANAGED_KMS_KEY"));
    if (!is_own && has_key)
        return bad_encryption(
            call, WF_STR("Invalid Encryption Configuration: a kmsKeyId is "
                         "not allowed for AWS_OWNED_KEY"));
    wf_buf_u8(out, '{');
    if (is_own)
        put_key(request, encryption, key, out);
    wf_json_text(out, "type",
                 is_own ? WF_STR("CUSTOMER_MANAGED_KMS_KEY")
                        : WF_STR("AWS_OWNED_KEY"));
    wf_buf_u8(out, '}');
    return true;
}

/* ---- all three ---- */

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

bool wf_api_settings_read(struct wf_api_call *call,
                          struct wf_api_request *request,
                          struct wf_api_settings *settings) {
    if (!read_logging(call, request, &settings->logging) ||
        !wf_api_encryption_read(call, request, &settings->encryption))
        return false;
    read_tracing(request, &settings->tracing);
    settings->settings = (struct wf_state_machine_settings){
        .logging = text_of(&settings->logging),
        .tracing = text_of(&settings->tracing),
        .encryption = text_of(&settings->encryption),
    };
    return true;
}

void wf_api_settings_free(struct wf_api_settings *settings) {
    wf_buf_free(&settings->logging);
    wf_buf_free(&settings->tracing);
    wf_buf_free(&settings->encryption);
}

static void write_one(struct wf_buf *out, const char *key,
                      struct wf_str given, struct wf_str otherwise) {
    wf_json_key(out, key);
    wf_buf_addstr(out, given.len ? given : otherwise);
}

void wf_api_encryption_write(struct wf_buf *out, struct wf_str encryption) {
    write_one(out, "encryptionConfiguration", encryption,
              WF_STR("{\"type\":\"AWS_OWNED_KEY\"}"));
}

void wf_api_settings_write(struct wf_buf *out,
                           const struct wf_state_machine_settings *settings) {
    write_one(out, "loggingConfiguration", settings->logging,
              WF_STR("{\"level\":\"OFF\",\"includeExecutionData\":false}"));
    write_one(out, "tracingConfiguration", settings->tracing,
              WF_STR("{\"enabled\":false}"));
    wf_api_encryption_write(out, settings->encryption);
}

/* ---- tags ---- */

static bool no_key(struct wf_api_call *call, uint32_t index) {
    struct wf_buf why = {0};
    wf_buf_addf(&why,
                "1 validation error detected: Value null at "
                "'tags.%u.member.key' failed to satisfy constraint: Member "
                "must not be null",
                index + 1);
    wf_api_fail(call, "ValidationException", text_of(&why));
    wf_buf_free(&why);
    return false;
}

static bool bad_tag(struct wf_api_call *call, const char *before,
                    struct wf_str what, const char *after) {
    struct wf_buf why = {0};
    wf_buf_addf(&why, "%s: '", before);
    wf_buf_addstr(&why, what);
    wf_buf_addf(&why, "'%s", after);
    wf_api_fail(call, "ValidationException", text_of(&why));
    wf_buf_free(&why);
    return false;
}

static bool is_reserved(struct wf_str key) {
    static const char reserved[] = "aws:";
    size_t len = sizeof(reserved) - 1;
    return key.len >= len && strncasecmp(key.data, reserved, len) == 0;
}

static bool check_tag(struct wf_api_call *call, struct wf_regex *characters,
                      const struct wf_tag *tag) {
    static const char which[] =
        " may only contain Unicode letters, digits, white space, or these "
        "symbols: _ . : / = + - @";
    if (wf_regex_match(characters, tag->key, 0, 0, TAG_STEPS) < 0)
        return bad_tag(call, "Invalid tag key", tag->key, which);
    if (wf_regex_match(characters, tag->value, 0, 0, TAG_STEPS) < 0)
        return bad_tag(call, "Invalid tag value", tag->value, which);
    return !is_reserved(tag->key) ||
           bad_tag(call, "Tag keys that begin with 'aws:' are reserved",
                   tag->key, "");
}

static bool check_tags(struct wf_api_call *call, const struct wf_tag *tags,
                       size_t count) {
    static const struct wf_regex_limits limits = {
        .pattern_bytes = 100, .depth = 100, .heap_kb = 64,
        .whole_only = true};
    struct wf_regex characters = {0};
    char message[WF_REGEX_MESSAGE];
    bool good = true;
    if (wf_regex_compile(&characters,
                         WF_STR("^[\\p{L}\\p{Z}\\p{N}\\s_.:/=+\\-@]*+$"),
                         PCRE2_UTF | PCRE2_DOLLAR_ENDONLY, &limits,
                         message) != 0) {
        wf_api_fail(call, "InternalFailure", wf_str(message));
        return false;
    }
    for (size_t i = 0; good && i < count; i++)
        good = check_tag(call, &characters, &tags[i]);
    wf_regex_free(&characters);
    return good;
}

bool wf_api_tags_read(struct wf_api_call *call,
                      struct wf_api_request *request, struct wf_tag **tags,
                      size_t *count) {
    struct wf_value list, tag = {0}, text;
    *count = 0;
    if (!wf_api_value(request, "tags", &list))
        return true;
    for (uint32_t i = 0; wf_value_next_element(list, &tag); i++) {
        *tags = wf_realloc(*tags, (i + 1) * sizeof(**tags));
        if (!member(tag, "key", &text))
            return no_key(call, i);
        struct wf_tag read = {wf_api_characters(request, text), WF_STR("")};
        if (member(tag, "value", &text))
            read.value = wf_api_characters(request, text);
        (*tags)[i] = read;
        *count = i + 1;
    }
    return *count == 0 || check_tags(call, *tags, *count);
}
