/*
 * trigger_reader.h - reads members of a file's objects, and says what is
 * wrong and where.
 *
 * The first complaint is kept and everything after it is skipped: callers read
 * on, with what they are given instead, and look at the end.
 */
#ifndef WF_TRIGGER_READER_H
#define WF_TRIGGER_READER_H

#include "doc.h"

struct wf_trigger_reader {
    const char *name;      /**< Of the file, for complaints. */
    struct wf_buf place;   /**< "Hooks.github" */
    struct wf_error *err;
    bool has_failed;
};

void wf_trigger_wrong(struct wf_trigger_reader *reader, const char *member,
                      const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Goes into a member, and back to what was returned. */
size_t wf_trigger_enter(struct wf_trigger_reader *reader,
                        struct wf_str member);
void wf_trigger_leave(struct wf_trigger_reader *reader, size_t place);
/** Complains of members that are none of these (ended by NULL). */
void wf_trigger_members(struct wf_trigger_reader *reader,
                        struct wf_value object, const char *const *names);

/** Each of these: false, or the value given instead, if the member is not
 * there; a complaint if it is of another type or size. */
bool wf_trigger_value(struct wf_trigger_reader *reader,
                      struct wf_value object, const char *member,
                      enum wf_json_type type, struct wf_value *value);
/** A copy, 1 to 4,000 characters without control characters; or a copy of
 * `otherwise` (NULL: NULL). */
char *wf_trigger_text(struct wf_trigger_reader *reader,
                      struct wf_value object, const char *member,
                      const char *otherwise);
bool wf_trigger_flag(struct wf_trigger_reader *reader, struct wf_value object,
                     const char *member, bool otherwise);
/** A number from `least` to `most`. */
double wf_trigger_number(struct wf_trigger_reader *reader,
                         struct wf_value object, const char *member,
                         double otherwise, double least, double most);
/** The same, without a fraction. */
int64_t wf_trigger_integer(struct wf_trigger_reader *reader,
                           struct wf_value object, const char *member,
                           int64_t otherwise, int64_t least, int64_t most);
/** The index of one of the names (ended by NULL). */
int wf_trigger_choice(struct wf_trigger_reader *reader,
                      struct wf_value object, const char *member,
                      const char *const *names, int otherwise);
/** Texts, ended by NULL. `otherwise`: the same; or NULL. */
char **wf_trigger_texts(struct wf_trigger_reader *reader,
                        struct wf_value object, const char *member,
                        const char *const *otherwise);
void wf_trigger_texts_free(char **texts); /* NULL is allowed */

#endif
