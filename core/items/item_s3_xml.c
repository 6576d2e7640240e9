/* item_s3_xml.c - elements of S3's answers, by expat. See item_s3.h. */
#include <expat.h>

#include "item_s3.h"

struct reading {
    wf_s3_element_fn *element;
    void *arg;
    struct wf_buf text; /* of the innermost element */
    unsigned depth;     /* of what is open */
};

static void XMLCALL on_start(void *arg, const XML_Char *name,
                             const XML_Char **attributes) {
    struct reading *reading = arg;

    (void)name;
    (void)attributes;
    reading->depth++;
    reading->text.len = 0;
}

static void XMLCALL on_text(void *arg, const XML_Char *text, int len) {
    wf_buf_add(&((struct reading *)arg)->text, text, (size_t)len);
}

static void XMLCALL on_end(void *arg, const XML_Char *name) {
    struct reading *reading = arg;

    reading->depth--;
    wf_buf_u8(&reading->text, '\0');
    reading->element(reading->arg, name,
                     (struct wf_str){reading->text.data,
                                     reading->text.len - 1},
                     reading->depth);
    reading->text.len = 0;
}

int wf_s3_xml(struct wf_str text, wf_s3_element_fn *element, void *arg) {
    struct reading reading = {.element = element, .arg = arg};
    XML_Parser parser = XML_ParserCreate(NULL);

    if (!parser)
        return -1;
    XML_SetUserData(parser, &reading);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    bool read = text.len <= INT32_MAX &&
                XML_Parse(parser, text.len ? text.data : "", (int)text.len,
                          1) == XML_STATUS_OK;
    XML_ParserFree(parser);
    wf_buf_free(&reading.text);
    return read ? 0 : -1;
}

struct search {
    const char *name;
    unsigned depth;
    char *out;
    size_t size;
    bool found;
};

static void on_found(void *arg, const char *name, struct wf_str text,
                     unsigned depth) {
    struct search *search = arg;

    if (search->found || depth != search->depth ||
        strcmp(name, search->name) != 0 || text.len >= search->size)
        return;
    memcpy(search->out, text.data, text.len + 1);
    search->found = true;
}

bool wf_s3_xml_text(struct wf_str text, const char *name, unsigned depth,
                    char *out, size_t size) {
    struct search search = {name, depth, out, size, false};

    return text.len && wf_s3_xml(text, on_found, &search) == 0 &&
           search.found;
}
