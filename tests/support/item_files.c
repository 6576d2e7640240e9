/* item_files.c - see item_files.h. */
#include "item_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

void item_files_make(struct item_files *files) {
    char path[80];

    strcpy(files->root, "/tmp/items-XXXXXX");
    assert_non_null(mkdtemp(files->root));
    snprintf(path, sizeof(path), "%s/b", files->root);
    assert_int_equal(mkdir(path, 0700), 0);
    files->roots[0] = files->root;
    files->roots[1] = NULL;
    files->stores = (struct wf_item_stores){.roots = files->roots};
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw) {
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void item_files_remove(struct item_files *files) {
    nftw(files->root, remove_one, 32, FTW_DEPTH | FTW_PHYS);
}

void item_files_put(const struct item_files *files, const char *path,
                    const char *text) {
    char full[512];
    size_t len = strlen(path);

    snprintf(full, sizeof(full), "%s/%s", files->root, path);
    for (char *at = full + strlen(files->root) + 1; (at = strchr(at, '/'));
         at++) {
        *at = '\0';
        mkdir(full, 0700);
        *at = '/';
    }
    if (len > 3 && strcmp(path + len - 3, ".gz") == 0) {
        gzFile file = gzopen(full, "wb");
        assert_int_equal(gzputs(file, text), strlen(text));
        assert_int_equal(gzclose(file), Z_OK);
        return;
    }
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

char *item_files_get(const struct item_files *files, const char *path) {
    char full[512];
    struct wf_buf text = {0};
    int c;

    snprintf(full, sizeof(full), "%s/%s", files->root, path);
    FILE *file = fopen(full, "r");
    if (!file)
        return NULL;
    while ((c = fgetc(file)) != EOF)
        wf_buf_u8(&text, (uint8_t)c);
    fclose(file);
    wf_buf_u8(&text, '\0');
    return text.data;
}

void item_files_add(const struct wf_item_batch *batch, struct wf_buf *out) {
    for (size_t i = 0; i < batch->count; i++) {
        wf_buf_addstr(out, wf_item_text(batch, i));
        wf_buf_u8(out, '\n');
    }
}
