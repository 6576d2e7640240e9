/* Models of AWS services: built in, in a directory, cut off, many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embedded.h"
#include "service_models.h"

static void assert_service(struct wf_doc *model, const char *id) {
    struct wf_value found;
    struct wf_buf text = {0};

    assert_non_null(model);
    assert_true(wf_value_member((struct wf_value){model, 0},
                                WF_STR("metadata"), &found));
    assert_true(wf_value_member(found, WF_STR("serviceId"), &found));
    wf_value_string(found, &text);
    wf_buf_u8(&text, 0);
    assert_string_equal(text.data, id);
    wf_buf_free(&text);
}

static void test_built_in_ones_are_found(void **state) {
    struct wf_service_models *models = wf_service_models_new(NULL);
    struct wf_error err;

    (void)state;
    assert_service(wf_service_models_get(models, WF_STR("sqs"), &err), "SQS");
    assert_service(wf_service_models_get(models, WF_STR("bedrockruntime"),
                                         &err), "Bedrock Runtime");
    assert_service(wf_service_models_get(models, WF_STR("bedrock-runtime"),
                                         &err), "Bedrock Runtime");
    assert_service(wf_service_models_get(models, WF_STR("bedrock"), &err),
                   "Bedrock");
    assert_null(wf_service_models_get(models, WF_STR("ec2"), &err));
    assert_int_equal(err.code, WF_E_NOT_FOUND);
    assert_null(wf_service_models_get(models, WF_STR(""), NULL));
    wf_service_models_free(models);
}

/* More than are kept, each twice. */
static void test_every_one_unpacks(void **state) {
    struct wf_service_models *models = wf_service_models_new(NULL);
    const struct wf_embedded *file = NULL;

    (void)state;
    while ((file = wf_embedded_below("models/", file)) != NULL) {
        struct wf_str name = wf_str(file->path + strlen("models/"));
        struct wf_error err;
        name.len -= strlen(".json.gz");
        for (int i = 0; i < 2; i++)
            assert_non_null(wf_service_models_get(models, name, &err));
    }
    wf_service_models_free(models);
}

static void write_file(const char *folder, const char *name,
                       struct wf_str bytes) {
    char path[4096];
    FILE *file;

    mkdir(folder, 0700);
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
    fclose(file);
}

static void remove_folder(const char *folder) {
    char command[4096];

    snprintf(command, sizeof(command), "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

static void test_a_directory_goes_first(void **state) {
    char home[] = "/tmp/service-modelsXXXXXX", service[64], version[96];
    struct wf_error err;

    (void)state;
    assert_non_null(mkdtemp(home));
    snprintf(service, sizeof(service), "%s/my-service", home);
    mkdir(service, 0700);
    snprintf(version, sizeof(version), "%s/2020-01-01", service);
    write_file(version, "service-2.json",
               WF_STR("{\"metadata\":{\"serviceId\":\"Old\"}}"));
    snprintf(version, sizeof(version), "%s/2024-01-01", service);
    write_file(version, "service-2.json",
               WF_STR("{\"metadata\":{\"serviceId\":\"New\"}}"));
    snprintf(version, sizeof(version), "%s/2025-01-01", service);
    write_file(version, "waiters-2.json", WF_STR("{}"));

    struct wf_service_models *models = wf_service_models_new(home);
    assert_service(wf_service_models_get(models, WF_STR("myservice"), &err),
                   "New");
    assert_service(wf_service_models_get(models, WF_STR("sqs"), &err), "SQS");
    assert_null(wf_service_models_get(models, WF_STR("nothing"), &err));
    wf_service_models_free(models);
    remove_folder(home);
    models = wf_service_models_new(home);
    assert_null(wf_service_models_get(models, WF_STR("sqs"), &err));
    assert_int_equal(err.code, WF_E_IO);
    wf_service_models_free(models);
}

static void test_what_is_cut_off_is_refused(void **state) {
    char home[] = "/tmp/service-modelsXXXXXX", folder[64];
    const struct wf_embedded *whole = wf_embedded_find("models/sqs.json.gz");
    struct wf_service_models *models;
    struct wf_error err;

    (void)state;
    assert_non_null(mkdtemp(home));
    models = wf_service_models_new(home);
    snprintf(folder, sizeof(folder), "%s/sqs", home);
    mkdir(folder, 0700);
    snprintf(folder, sizeof(folder), "%s/sqs/1", home);
    for (size_t len = 0; len < whole->length; len += 97) {
        write_file(folder, "service-2.json.gz",
                   (struct wf_str){whole->bytes, len});
        assert_null(wf_service_models_get(models, WF_STR("sqs"), &err));
        assert_int_equal(err.code, WF_E_INVALID);
    }
    write_file(folder, "service-2.json.gz",
               (struct wf_str){whole->bytes, whole->length});
    assert_service(wf_service_models_get(models, WF_STR("sqs"), &err), "SQS");
    wf_service_models_free(models);
    remove_folder(home);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_built_in_ones_are_found),
        cmocka_unit_test(test_every_one_unpacks),
        cmocka_unit_test(test_a_directory_goes_first),
        cmocka_unit_test(test_what_is_cut_off_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
