/* test_credentials.c - the file of keys: what it may hold, who may own and
 * write it, what each key may do and how often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "credentials.h"

#define SECRET "0123456789abcdefSECRET"

static struct wf_credentials *parsed(const char *text) {
    struct wf_credentials *keys;
    struct wf_error err = {0};
    if (wf_credentials_parse(wf_str(text), "keys", &keys, &err) != 0)
        fail_msg("%s", err.message);
    return keys;
}

static void reads_keys_with_roles(void **state) {
    struct wf_credentials *keys = parsed("# a comment\n"
                                         "\n"
                                         "zoe " SECRET " viewer\r\n"
                                         "  ci\t" SECRET "1 starter,worker \n"
                                         "ops " SECRET "2 operator\n"
                                         "c " SECRET "3 admin rate=5");
    (void)state;
    assert_int_equal(wf_credentials_count(keys), 4);
    struct wf_credential *key = wf_credentials_find(keys, WF_STR("ci"));
    assert_string_equal(key->secret, SECRET "1");
    assert_true(wf_right_in(key->rights, WF_RIGHT_WORK));
    assert_true(wf_right_in(key->rights, WF_RIGHT_START));
    assert_false(wf_right_in(key->rights, WF_RIGHT_OPERATE));
    key = wf_credentials_find(keys, WF_STR("zoe"));
    assert_int_equal(key->rights, 1u << WF_RIGHT_VIEW);
    assert_non_null(wf_credentials_find(keys, WF_STR("ops")));
    assert_non_null(wf_credentials_find(keys, WF_STR("c")));
    assert_null(wf_credentials_find(keys, WF_STR("")));
    assert_null(wf_credentials_find(keys, WF_STR("op")));
    assert_null(wf_credentials_find(keys, WF_STR("opsi")));
    wf_credentials_free(keys);
}

static void roles_have_their_rights(void **state) {
    static const struct {
        const char *role, *rights; /* view, start, work, operate, administer */
    } table[] = {
        {"admin", "vswoa"},  {"operator", "vswo"}, {"starter", "vs"},
        {"worker", "w"},     {"viewer", "v"},      {"root", ""},
        {"", ""},            {"Admin", ""},
    };
    static const char letters[] = "avswo";
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        wf_rights rights = wf_role_rights(wf_str(table[i].role));
        for (int right = 0; right < 5; right++)
            if (wf_right_in(rights, right) !=
                (strchr(table[i].rights, letters[right]) != NULL))
                fail_msg("%s: %c", table[i].role, letters[right]);
    }
}

static void says_which_line_is_wrong(void **state) {
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", "no key"},
        {"# nothing\n", "no key"},
        {"a " SECRET " viewer\na " SECRET " viewer\n", "'a' is there twice"},
        {"a " SECRET " viewer\n\nb short viewer", "keys:3: a secret"},
        {"a\n", "keys:1: a secret"},
        {"a/b " SECRET " viewer", "access key id"},
        {"a\"b " SECRET " viewer", "access key id"},
        {"a " SECRET, "roles"},
        {"a " SECRET " boss", "roles"},
        {"a " SECRET " viewer,", "roles"},
        {"a " SECRET " viewer,,worker", "roles"},
        {"a " SECRET " viewer more", "rate="},
        {"a " SECRET " viewer rate=", "rate="},
        {"a " SECRET " viewer rate=x", "rate="},
        {"a " SECRET " viewer rate=0", "rate="},
        {"a " SECRET " viewer rate=-1", "rate="},
        {"a " SECRET " viewer rate=nan", "rate="},
        {"a " SECRET " viewer rate=inf", "rate="},
        {"a " SECRET " viewer rate=1/", "rate="},
        {"a " SECRET " viewer rate=1/2/3", "rate="},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wf_credentials *keys;
        struct wf_error err = {0};
        assert_int_equal(wf_credentials_parse(wf_str(rows[i].text), "keys",
                                              &keys, &err),
                         -1);
        assert_null(keys);
        if (!strstr(err.message, rows[i].words))
            fail_msg("row %zu: %s", i, err.message);
        assert_null(strstr(err.message, SECRET));
        assert_null(strstr(err.message, "short"));
    }
}

/* ---- the file ---- */

static void assert_read(const char *path, const char *words) {
    struct wf_credentials *keys;
    struct wf_error err = {0};
    int rc = wf_credentials_read(path, &keys, &err);
    if (rc != (words ? -1 : 0) || (words && !strstr(err.message, words)))
        fail_msg("%s", err.message);
    wf_credentials_free(keys);
}

static void refuses_files_that_others_can_touch(void **state) {
    char path[] = "/tmp/moonstep-keys-XXXXXX";
    int fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0);
    assert_true(write(fd, "a " SECRET " admin\n", 9 + sizeof(SECRET) - 1) > 0);
    static const struct {
        unsigned mode;
        const char *words;
    } modes[] = {
        {0600, NULL},  {0640, NULL},          {0400, NULL},
        {0620, "go-w"}, {0602, "go-w"},       {0666, "go-w"},
        {0604, "can read"}, {0644, "can read"},
    };
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(fchmod(fd, modes[i].mode), 0);
        if (geteuid() == 0 || modes[i].mode & 0400)
            assert_read(path, modes[i].words);
    }
    fchmod(fd, 0600);
    if (geteuid() == 0) { /* as anybody else it can't be made */
        assert_int_equal(fchown(fd, 12345, (gid_t)-1), 0);
        assert_read(path, "belongs to user 12345");
    }
    close(fd);
    unlink(path);
    assert_read(path, "No such file");
    assert_read("/tmp", "not a regular file");
}

/* ---- limits ---- */

static void lets_as_many_pass_as_it_says(void **state) {
    struct wf_credentials *keys = parsed("free " SECRET " viewer\n"
                                         "ten " SECRET " viewer rate=10\n"
                                         "slow " SECRET " viewer rate=0.5/3");
    struct wf_credential *key = wf_credentials_find(keys, WF_STR("free"));
    uint64_t now = UINT64_C(5000000000);
    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_true(wf_credential_take(key, now));
    key = wf_credentials_find(keys, WF_STR("ten"));
    for (int i = 0; i < 10; i++)
        assert_true(wf_credential_take(key, now));
    assert_false(wf_credential_take(key, now));
    now += UINT64_C(99000000);
    assert_false(wf_credential_take(key, now));
    now += UINT64_C(2000000);
    assert_true(wf_credential_take(key, now));
    assert_false(wf_credential_take(key, now));
    now += UINT64_C(3600000000000);
    for (int i = 0; i < 10; i++)
        assert_true(wf_credential_take(key, now));
    assert_false(wf_credential_take(key, now));
    key = wf_credentials_find(keys, WF_STR("slow"));
    for (int i = 0; i < 3; i++)
        assert_true(wf_credential_take(key, now));
    assert_false(wf_credential_take(key, now + 1900000000));
    assert_true(wf_credential_take(key, now + 2100000000));
    wf_credentials_free(keys);
}

static void reading_again_gives_no_new_tokens(void **state) {
    static const char text[] = "a " SECRET " viewer rate=2\n"
                               "b " SECRET " viewer rate=2\n";
    struct wf_credentials *old = parsed(text), *keys = parsed(text);
    struct wf_credential *key = wf_credentials_find(old, WF_STR("a"));
    (void)state;
    assert_true(wf_credential_take(key, 7));
    assert_true(wf_credential_take(key, 7));
    wf_credentials_inherit(keys, old);
    wf_credentials_free(old);
    assert_false(wf_credential_take(wf_credentials_find(keys, WF_STR("a")), 7));
    assert_true(wf_credential_take(wf_credentials_find(keys, WF_STR("b")), 7));
    wf_credentials_free(keys);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_keys_with_roles),
        cmocka_unit_test(roles_have_their_rights),
        cmocka_unit_test(says_which_line_is_wrong),
        cmocka_unit_test(refuses_files_that_others_can_touch),
        cmocka_unit_test(lets_as_many_pass_as_it_says),
        cmocka_unit_test(reading_again_gives_no_new_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
