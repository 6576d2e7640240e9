/* item_settings.c - what ItemReader and ResultWriter say. See
 * item_settings.h. */
#include "item_settings.h"

#include <stdlib.h>

/* The object that is looked at; its strings are kept in `texts`, which has
 * the room from the beginning, so that slices of it stay. */
struct settings {
    struct wf_value object;
    struct wf_value parameters;
    struct wf_buf texts;
    struct wf_error *err;
};

static const char *const places[] = {
    "Files are read and written below the directories given with --files.",
    "Buckets are directories below those given with --files, or behind "
    "--s3-endpoint.",
};

static int bad(struct settings *settings, const char *what,
               struct wf_str value) {
    return wf_error_set(settings->err, WF_E_INVALID, "%s: %.*s", what,
                        (int)(value.len > 200 ? 200 : value.len),
                        value.len ? value.data : "");
}

/* ---- members ---- */

/* A member that is there and not null. */
static bool has(struct wf_value object, const char *name,
                struct wf_value *value) {
    return wf_value_type(object) == WF_JSON_OBJECT &&
           wf_value_member(object, wf_str(name), value) &&
           wf_value_type(*value) != WF_JSON_NULL;
}

static struct wf_str characters(struct settings *settings,
                                struct wf_value string) {
    size_t start = settings->texts.len;

    wf_value_string(string, &settings->texts);
    return (struct wf_str){settings->texts.data + start,
                           settings->texts.len - start};
}

/* The text of a member; without it, `text` stays as it is. */
static int take(struct settings *settings, struct wf_value object,
                const char *name, struct wf_str *text) {
    struct wf_value value;

    if (!has(object, name, &value))
        return 0;
    if (wf_value_type(value) != WF_JSON_STRING)
        return wf_error_set(settings->err, WF_E_INVALID,
                            "%c%s must be a string", name[0] & ~0x20,
                            name + 1); /* as a definition spells it */
    *text = characters(settings, value);
    return 0;
}

static int parameter(struct settings *settings, const char *name,
                     struct wf_str *text) {
    return take(settings, settings->parameters, name, text);
}

static int missing(struct settings *settings, const char *name) {
    return wf_error_set(settings->err, WF_E_INVALID,
                        "The parameter %s is missing or empty", name);
}

static int required(struct settings *settings, const char *name,
                    struct wf_str *text) {
    if (parameter(settings, name, text) != 0)
        return -1;
    return text->len ? 0 : missing(settings, name);
}

/* A member that is one of some words; without it, the first. */
static int take_word(struct settings *settings, const char *name,
                     const char *const *words, size_t *word) {
    struct wf_str text = wf_str(words[0]);

    if (take(settings, settings->object, name, &text) != 0)
        return -1;
    for (*word = 0; words[*word]; (*word)++)
        if (wf_str_eq(text, wf_str(words[*word])))
            return 0;
    return wf_error_set(settings->err, WF_E_INVALID,
                        "%c%s is not supported: %.*s", name[0] & ~0x20,
                        name + 1, (int)(text.len > 200 ? 200 : text.len),
                        text.data);
}

static void settings_init(struct settings *settings, struct wf_value object,
                          struct wf_error *err) {
    *settings = (struct settings){.object = object,
                                  .parameters = object,
                                  .err = err};
    wf_buf_reserve(&settings->texts, 3 * wf_value_text(object).len + 1);
    has(object, "parameters", &settings->parameters);
}

/* ---- resources ---- */

/* `action` is ":s3:getObject", say: the end of an ARN, or all after ':'. */
static bool is_s3(struct wf_str resource, const char *action) {
    return wf_item_ends_with(resource, action) ||
           wf_str_eq(resource, wf_str(action + 1));
}

static int check_places(struct settings *settings,
                        const struct wf_item_stores *stores, bool is_file) {
    bool roots = stores && stores->roots && stores->roots[0];

    if (roots || (!is_file && stores && stores->s3_endpoint))
        return 0;
    return wf_error_set(settings->err, WF_E_NOT_FOUND,
                        "No place for %s is configured. %s",
                        is_file ? "files" : "S3 buckets",
                        places[is_file ? 0 : 1]);
}

/* Whether the next component of a path is `name`. */
static bool is_next(struct wf_str path, const char *name) {
    size_t len = strlen(name);

    return path.len >= len && memcmp(path.data, name, len) == 0 &&
           (path.len == len || path.data[len] == '/');
}

/* The parameter Path as keys have it: "./a//b/" is "a/b/", "." is "". Where
 * links lead is looked at when it is opened. */
static int take_path(struct settings *settings, struct wf_str *path) {
    struct wf_str given = WF_STR("");

    if (parameter(settings, "Path", &given) != 0)
        return -1;
    size_t start = settings->texts.len;
    bool leads_out = given.len && given.data[0] == '/';
    for (struct wf_str rest = given; rest.len && !leads_out;) {
        const char *slash = memchr(rest.data, '/', rest.len);
        size_t len = slash ? (size_t)(slash + 1 - rest.data) : rest.len;
        leads_out = is_next(rest, "..");
        if (!is_next(rest, "") && !is_next(rest, "."))
            wf_buf_add(&settings->texts, rest.data, len);
        rest.data += len;
        rest.len -= len;
    }
    *path = (struct wf_str){settings->texts.data + start,
                            settings->texts.len - start};
    return leads_out ? bad(settings, "Path must lead from a directory of "
                                     "--files to what is below it", given)
                     : 0;
}

/* The files below a directory: its name with a slash, or "". */
static struct wf_str directory_of(struct settings *settings,
                                  struct wf_str path) {
    if (path.len == 0 || path.data[path.len - 1] == '/')
        return path;
    size_t start = settings->texts.len;
    wf_buf_addstr(&settings->texts, path);
    wf_buf_u8(&settings->texts, '/');
    return (struct wf_str){settings->texts.data + start, path.len + 1};
}

static int take_list(struct settings *settings, bool is_file,
                     struct wf_item_options *options) {
    options->dataset = WF_ITEM_LIST;
    if (!is_file)
        return required(settings, "Bucket", &options->bucket) != 0 ||
                       parameter(settings, "Prefix", &options->prefix) != 0 ||
                       parameter(settings, "StartAfter",
                                 &options->start_after) != 0
                   ? -1
                   : 0;
    if (take_path(settings, &options->prefix) != 0)
        return -1;
    options->prefix = directory_of(settings, options->prefix);
    return 0;
}

static int take_object(struct settings *settings, bool is_file,
                       struct wf_item_options *options) {
    struct wf_value version;

    options->dataset = WF_ITEM_OBJECT;
    if (is_file && take_path(settings, &options->key) == 0)
        return options->key.len ? 0 : missing(settings, "Path");
    if (is_file)
        return -1;
    if (has(settings->parameters, "VersionId", &version))
        return wf_error_set(settings->err, WF_E_INVALID,
                            "The parameter VersionId is not supported");
    return required(settings, "Bucket", &options->bucket) != 0
               ? -1
               : required(settings, "Key", &options->key);
}

static int take_reader_resource(struct settings *settings,
                                const struct wf_item_stores *stores,
                                struct wf_item_options *options) {
    struct wf_str resource = WF_STR("");

    if (take(settings, settings->object, "resource", &resource) != 0)
        return -1;
    bool is_file = wf_str_eq(resource, WF_STR("file:read")) ||
                   wf_str_eq(resource, WF_STR("file:list"));
    bool is_list = is_file ? wf_item_ends_with(resource, "list")
                           : is_s3(resource, ":s3:listObjectsV2");
    if (!is_file && !is_list && !is_s3(resource, ":s3:getObject"))
        return bad(settings, "The ItemReader's Resource is not supported",
                   resource);
    if (check_places(settings, stores, is_file) != 0)
        return -1;
    return is_list ? take_list(settings, is_file, options)
                   : take_object(settings, is_file, options);
}

/* ---- what the reader's configuration says ---- */

static enum wf_item_input input_of_name(struct wf_str key) {
    if (wf_item_ends_with(key, ".gz"))
        key.len -= 3;
    if (wf_item_ends_with(key, ".csv"))
        return WF_ITEM_INPUT_CSV;
    return wf_item_ends_with(key, ".jsonl") || wf_item_ends_with(key, ".ndjson")
               ? WF_ITEM_INPUT_JSONL
               : WF_ITEM_INPUT_JSON;
}

static int take_input(struct settings *settings,
                      struct wf_item_options *options) {
    static const char *const inputs[] = {"",        "CSV",      "JSON",
                                         "JSONL",   "MANIFEST", "PARQUET",
                                         NULL};
    static const char *const manifests[] = {"", "ATHENA_DATA",
                                            "S3_INVENTORY", NULL};
    static const char *const changes[] = {"NONE", "LOAD_AND_FLATTEN", NULL};
    size_t input, manifest, change;

    if (take_word(settings, "inputType", inputs, &input) != 0 ||
        take_word(settings, "manifestType", manifests, &manifest) != 0 ||
        take_word(settings, "transformation", changes, &change) != 0)
        return -1;
    if (input == 5)
        return wf_error_set(settings->err, WF_E_INVALID,
                            "InputType PARQUET is not supported: convert the "
                            "data to CSV or JSONL");
    options->input = input == 1   ? WF_ITEM_INPUT_CSV
                     : input == 2 ? WF_ITEM_INPUT_JSON
                     : input == 3 ? WF_ITEM_INPUT_JSONL
                                  : input_of_name(options->key);
    if (options->dataset == WF_ITEM_LIST && change == 1)
        options->dataset = WF_ITEM_LIST_FLATTEN;
    else if (options->dataset == WF_ITEM_OBJECT && manifest == 1)
        options->dataset = WF_ITEM_ATHENA_DATA;
    else if (options->dataset == WF_ITEM_OBJECT &&
             (manifest == 2 || input == 4))
        options->dataset = WF_ITEM_S3_INVENTORY;
    return 0;
}

/* The names of a CSV file's fields. `headers` is made with malloc. */
static int take_headers(struct settings *settings,
                        struct wf_item_options *options,
                        struct wf_str **headers) {
    static const char *const locations[] = {"FIRST_ROW", "GIVEN", NULL};
    struct wf_value list, header = {0};
    size_t location, count = 0;

    if (take_word(settings, "headerLocation", locations, &location) != 0)
        return -1;
    if (location == 0)
        return 0;
    if (!has(settings->object, "headers", &list) ||
        wf_value_type(list) != WF_JSON_ARRAY)
        return wf_error_set(settings->err, WF_E_INVALID,
                            "CSVHeaders must be an array of strings");
    *headers = wf_malloc((wf_doc_nodes(list.doc)[list.node].count + 1) *
                         sizeof(**headers));
    while (wf_value_next_element(list, &header)) {
        if (wf_value_type(header) != WF_JSON_STRING)
            return wf_error_set(settings->err, WF_E_INVALID,
                                "CSVHeaders must be an array of strings");
        (*headers)[count++] = characters(settings, header);
    }
    options->headers = *headers;
    options->header_count = count;
    return 0;
}

static int take_delimiter(struct settings *settings, char *delimiter) {
    static const struct {
        const char *name;
        char character;
    } names[] = {{"COMMA", ','}, {"PIPE", '|'}, {"SEMICOLON", ';'},
                 {"SPACE", ' '}, {"TAB", '\t'}};
    struct wf_str text = WF_STR(",");

    if (take(settings, settings->object, "delimiter", &text) != 0)
        return -1;
    if (text.len == 1) {
        *delimiter = text.data[0];
        return 0;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (wf_str_eq(text, wf_str(names[i].name))) {
            *delimiter = names[i].character;
            return 0;
        }
    return bad(settings, "CSVDelimiter is not supported", text);
}

static int take_max_items(struct settings *settings, uint64_t *max) {
    struct wf_value value;
    int64_t count;

    if (!has(settings->object, "maxItems", &value))
        return 0;
    if (wf_value_type(value) != WF_JSON_NUMBER ||
        !wf_value_integer(value, &count) || count < 0)
        return bad(settings, "MaxItems must be a positive integer",
                   wf_value_text(value));
    *max = (uint64_t)count;
    return 0;
}

/* The form of items, whatever they are in. */
static int take_form(struct settings *settings,
                     struct wf_item_options *options,
                     struct wf_str **headers) {
    if (take_input(settings, options) != 0 ||
        take_headers(settings, options, headers) != 0 ||
        take_delimiter(settings, &options->delimiter) != 0 ||
        take_max_items(settings, &options->max_items) != 0)
        return -1;
    return take(settings, settings->object, "itemsPointer",
                &options->pointer);
}

static int take_reader(struct settings *settings,
                       const struct wf_item_stores *stores,
                       struct wf_item_options *options,
                       struct wf_str **headers) {
    options->stores = stores;
    return take_reader_resource(settings, stores, options) != 0
               ? -1
               : take_form(settings, options, headers);
}

struct wf_item_reader_async *
wf_item_settings_reader(struct wf_offload *offload,
                        const struct wf_item_stores *stores,
                        struct wf_value reader, struct wf_str position,
                        struct wf_error *err) {
    struct wf_item_reader_async *async = NULL;
    struct wf_item_options options = {0};
    struct wf_str *headers = NULL;
    struct settings settings;

    settings_init(&settings, reader, err);
    if (take_reader(&settings, stores, &options, &headers) == 0)
        async = wf_item_reader_async_new(offload, &options, position);
    free(headers);
    wf_buf_free(&settings.texts);
    return async;
}

struct wf_item_reader *
wf_item_settings_text_reader(struct wf_value object, struct wf_str text,
                             struct wf_error *err) {
    struct wf_item_reader *reader = NULL;
    struct wf_item_options options = {.text = text};
    struct wf_str *headers = NULL;
    struct settings settings;

    settings_init(&settings, object, err);
    if (parameter(&settings, "Bucket", &options.bucket) == 0 &&
        parameter(&settings, options.bucket.len ? "Key" : "Path",
                  &options.key) == 0 &&
        take_form(&settings, &options, &headers) == 0) {
        options.dataset = WF_ITEM_TEXT;
        reader = wf_item_reader_new(&options);
    }
    free(headers);
    wf_buf_free(&settings.texts);
    return reader;
}

/* ---- the writer ---- */

static int take_writer(struct settings *settings,
                       const struct wf_item_stores *stores,
                       struct wf_item_writer_options *options) {
    static const char *const changes[] = {"NONE", "COMPACT", "FLATTEN", NULL};
    static const char *const outputs[] = {"JSON", "JSONL", NULL};
    struct wf_str resource = WF_STR("");
    size_t change, output;

    if (take(settings, settings->object, "resource", &resource) != 0)
        return -1;
    bool is_file = wf_str_eq(resource, WF_STR("file:write"));
    if (!is_file && !is_s3(resource, ":s3:putObject"))
        return bad(settings, "The ResultWriter's Resource is not supported",
                   resource);
    if (check_places(settings, stores, is_file) != 0 ||
        take_word(settings, "transformation", changes, &change) != 0 ||
        take_word(settings, "outputType", outputs, &output) != 0)
        return -1;
    options->stores = stores;
    options->transformation = (enum wf_result_transformation)change;
    options->jsonl = output == 1;
    if (is_file)
        return take_path(settings, &options->prefix);
    return required(settings, "Bucket", &options->bucket) != 0
               ? -1
               : parameter(settings, "Prefix", &options->prefix);
}

struct wf_item_writer_async *
wf_item_settings_writer(struct wf_offload *offload,
                        const struct wf_item_stores *stores,
                        struct wf_value writer, struct wf_str map_run_arn,
                        struct wf_str position, struct wf_error *err) {
    struct wf_item_writer_async *async = NULL;
    struct wf_item_writer_options options = {
        .bucket = WF_STR(""),
        .prefix = WF_STR(""),
        .map_run = map_run_arn,
        .sync = true,
    };
    struct settings settings;

    settings_init(&settings, writer, err);
    if (take_writer(&settings, stores, &options) == 0)
        async = wf_item_writer_async_new(offload, &options, position);
    wf_buf_free(&settings.texts);
    return async;
}

void wf_item_settings_result(struct wf_value writer, struct wf_str key,
                             struct wf_buf *out) {
    struct wf_str bucket = WF_STR("");
    struct settings settings;

    settings_init(&settings, writer, NULL);
    parameter(&settings, "Bucket", &bucket);
    wf_buf_adds(out, "{\"Bucket\":");
    wf_buf_json(out, bucket);
    wf_buf_adds(out, ",\"Key\":");
    wf_buf_json(out, key);
    wf_buf_adds(out, "}");
    wf_buf_free(&settings.texts);
}
