/* credentials.c - the file of keys, and their limits. See credentials.h. */
#include "credentials.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "private_file.h"

enum { FILE_MAX = 4 << 20 };

#define RATE_MAX 1e6

struct wf_credentials {
    struct wf_credential *keys; /* sorted by id */
    size_t count, room;
};

/* ---- one line ---- */

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

static struct wf_str take_until(struct wf_str *rest, bool (*ends)(char)) {
    struct wf_str word = {rest->data, 0};

    while (word.len < rest->len && !ends(word.data[word.len]))
        word.len++;
    rest->data += word.len;
    rest->len -= word.len;
    return word;
}

/* The next word of a line; empty: there is none. */
static struct wf_str take_word(struct wf_str *line) {
    while (line->len && is_blank(line->data[0])) {
        line->data++;
        line->len--;
    }
    return take_until(line, is_blank);
}

static bool is_comma(char c) {
    return c == ',';
}

/* What a credential of a signature can hold, and a log: no slash, comma,
 * quote. */
static bool is_id(struct wf_str id) {
    for (size_t i = 0; i < id.len; i++) {
        char c = id.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9') || strchr("-_.@+", c)))
            return false;
    }
    return id.len > 0 && id.len <= WF_KEY_ID_MAX;
}

static bool read_roles(struct wf_str roles, wf_rights *rights) {
    for (;;) {
        wf_rights more = wf_role_rights(take_until(&roles, is_comma));
        if (more == 0)
            return false;
        *rights |= more;
        if (roles.len == 0)
            return true;
        roles.data++;
        roles.len--;
    }
}

/* "N" or "N/BURST" */
static bool read_rate(struct wf_str text, struct wf_credential *key) {
    char copy[64], *end;

    if (text.len == 0 || text.len >= sizeof(copy))
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    key->rate = strtod(copy, &end);
    key->burst = key->rate;
    if (*end == '/')
        key->burst = strtod(end + 1, &end);
    if (*end || !(key->rate > 0 && key->rate <= RATE_MAX) ||
        !(key->burst > 0 && key->burst <= RATE_MAX))
        return false;
    if (key->burst < 1)
        key->burst = 1; /* or nothing would ever pass */
    key->tokens = key->burst;
    return true;
}

static const char *read_options(struct wf_str line,
                                struct wf_credential *key) {
    struct wf_str word;

    while ((word = take_word(&line)).len > 0) {
        if (word.len <= 5 || memcmp(word.data, "rate=", 5) != 0)
            return "what follows the roles can be rate=N or rate=N/BURST";
        word.data += 5;
        word.len -= 5;
        if (!read_rate(word, key))
            return "rate= is a number of requests a second above 0, or "
                   "NUMBER/BURST";
    }
    return NULL;
}

/* NULL: it is fine. Complaints don't repeat a word: it may be a secret. */
static const char *read_key(struct wf_str line, struct wf_credential *key) {
    struct wf_str id = take_word(&line), secret = take_word(&line);

    if (!is_id(id))
        return "an access key id has 1 to 128 letters, digits and -_.@+";
    if (secret.len < WF_KEY_SECRET_MIN || secret.len > WF_KEY_SECRET_MAX)
        return "a secret has 16 to 128 characters";
    if (!read_roles(take_word(&line), &key->rights))
        return "roles, with commas between them, are: admin, operator, "
               "starter, worker, viewer";
    memcpy(key->id, id.data, id.len);
    memcpy(key->secret, secret.data, secret.len);
    return read_options(line, key);
}

/* ---- the file ---- */

static int compare(const void *a, const void *b) {
    return strcmp(((const struct wf_credential *)a)->id,
                  ((const struct wf_credential *)b)->id);
}

/* Not by realloc(): it would leave secrets behind. */
static struct wf_credential *add_key(struct wf_credentials *keys) {
    if (keys->count == keys->room) {
        size_t room = keys->room ? 2 * keys->room : 8;
        struct wf_credential *more = wf_calloc(room, sizeof(*more));
        if (keys->count)
            memcpy(more, keys->keys, keys->count * sizeof(*more));
        OPENSSL_cleanse(keys->keys, keys->count * sizeof(*more));
        free(keys->keys);
        keys->keys = more;
        keys->room = room;
    }
    return &keys->keys[keys->count++];
}

static bool is_newline(char c) {
    return c == '\n';
}

static int read_lines(struct wf_credentials *keys, struct wf_str text,
                      const char *name, struct wf_error *err) {
    for (unsigned number = 1; text.len > 0; number++) {
        struct wf_str line = take_until(&text, is_newline), rest = line;
        const char *problem = NULL;
        struct wf_str first = take_word(&rest);
        if (memchr(line.data, '\0', line.len))
            problem = "a line holds a NUL";
        else if (first.len > 0 && first.data[0] != '#')
            problem = read_key(line, add_key(keys));
        if (problem)
            return wf_error_set(err, WF_E_INVALID, "%s:%u: %s", name, number,
                                problem);
        if (text.len > 0) {
            text.data++;
            text.len--;
        }
    }
    return 0;
}

static int check_keys(struct wf_credentials *keys, const char *name,
                      struct wf_error *err) {
    if (keys->count == 0)
        return wf_error_set(err, WF_E_INVALID, "%s: there is no key in it",
                            name);
    qsort(keys->keys, keys->count, sizeof(*keys->keys), compare);
    for (size_t i = 1; i < keys->count; i++)
        if (compare(&keys->keys[i - 1], &keys->keys[i]) == 0)
            return wf_error_set(err, WF_E_INVALID, "%s: '%s' is there twice",
                                name, keys->keys[i].id);
    return 0;
}

int wf_credentials_parse(struct wf_str text, const char *name,
                         struct wf_credentials **out, struct wf_error *err) {
    struct wf_credentials *keys = wf_calloc(1, sizeof(*keys));

    *out = NULL;
    if (read_lines(keys, text, name, err) != 0 ||
        check_keys(keys, name, err) != 0) {
        wf_credentials_free(keys);
        return -1;
    }
    *out = keys;
    return 0;
}

int wf_credentials_read(const char *path, struct wf_credentials **keys,
                        struct wf_error *err) {
    struct wf_buf text = {0};
    int rc;

    *keys = NULL;
    wf_buf_reserve(&text, 65536); /* most files need no other memory */
    rc = wf_private_file_read(path, WF_FILE_SECRET, FILE_MAX, &text, err);
    if (rc == 0)
        rc = wf_credentials_parse((struct wf_str){text.data, text.len}, path,
                                  keys, err);
    OPENSSL_cleanse(text.data, text.cap);
    wf_buf_free(&text);
    return rc;
}

void wf_credentials_free(struct wf_credentials *keys) {
    if (!keys)
        return;
    OPENSSL_cleanse(keys->keys, keys->room * sizeof(*keys->keys));
    free(keys->keys);
    free(keys);
}

/* ---- use ---- */

size_t wf_credentials_count(const struct wf_credentials *keys) {
    return keys->count;
}

struct wf_credential *wf_credentials_find(struct wf_credentials *keys,
                                          struct wf_str id) {
    size_t low = 0, high = keys->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct wf_credential *key = &keys->keys[middle];
        size_t len = strlen(key->id);
        int order = memcmp(key->id, id.data, len < id.len ? len : id.len);
        if (order == 0 && len == id.len)
            return key;
        if (order < 0 || (order == 0 && len < id.len))
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void wf_credentials_inherit(struct wf_credentials *keys,
                            const struct wf_credentials *old) {
    for (size_t i = 0; i < old->count; i++) {
        const struct wf_credential *was = &old->keys[i];
        struct wf_credential *is = wf_credentials_find(keys, wf_str(was->id));
        if (!is || was->rate <= 0)
            continue;
        is->filled_ns = was->filled_ns;
        if (was->tokens < is->tokens)
            is->tokens = was->tokens;
    }
}

bool wf_credential_take(struct wf_credential *key, uint64_t now_ns) {
    if (key->rate <= 0)
        return true;
    if (key->filled_ns && now_ns > key->filled_ns)
        key->tokens += (double)(now_ns - key->filled_ns) / 1e9 * key->rate;
    if (key->tokens > key->burst)
        key->tokens = key->burst;
    key->filled_ns = now_ns;
    if (key->tokens < 1)
        return false;
    key->tokens -= 1;
    return true;
}
