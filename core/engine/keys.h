/*
 * keys.h - every key of the store, in one place.
 *
 * All numbers are fixed-width and big-endian, so the order of the keys is the
 * order of the numbers. `p` is the partition (2 bytes), the letter the table.
 *
 *   p J seq:8                       journal record (journal.h)
 *   p E execution:8                 image of an execution (image.h); once it
 *                                   has ended, a short history is inside
 *   p E execution:8 frame:4         image of a frame that lives
 *   p S execution:8 first_event:8   segment: a packed run of events (tail.h)
 *   p O execution:8 frame:4 first:4 results of a fork's children (fork.h);
 *                                   so many came before them
 *   p P execution:8 document:8 piece:4
 *                                   64 KiB of a large document
 *   p N machine:4 name              execution id by name
 *   p L machine:4 start_ms:8 execution:8
 *                                   what ListExecutions shows
 *   p T due_ms:8 execution:8 frame:4
 *                                   timer of a frame that is packed; due_ms 0:
 *                                   it has something to do at the next start;
 *                                   frame WF_FRAME_CALLERS: of an execution
 *                                   that tasks wait for, see nested.h
 *   p K execution:8 frame:4         cursor of a handler's task:checkpoint():
 *                                   state number:varint, JSON text
 *   p M name                        head of a state machine: number, latest
 *                                   revision, status, tags (machine.h)
 *   p R machine:4 revision:4        definition of a state machine's revision
 *   p V machine:4 version:4         a published version: which revision it is
 *   p I machine:4 name              an alias: the versions it leads to
 *   p W machine:4 qualifier 0:1 start_ms:8 execution:8
 *                                   as L, of those that were started by a
 *                                   version ("7") or an alias ("PROD")
 *   p A name                        an activity (activity.h)
 *   p Q activity:8 time_ms:8 execution:8 frame:4
 *                                   a task that waits for a poller
 *   p G execution:8 run:4           a Map Run of the execution (map_run.h)
 *   p C execution:8 run:4 child:8   a child execution of it, for lists
 *   p B hash:32                     bundle of handlers
 *   p H group 0 name                a schedule (schedule.h)
 *   p U group                       a group of schedules
 *   p D due_ms:8 group 0 name       the schedule is due then; and 0 slot_ms:8:
 *                                   the start of a slot is tried again then
 *   p F 'q' target 0 seq:8          a status change that a target is to be told
 *                                   of (notifications.h); 'd': a dead letter
 *   p F 's' due_ms:8 id:8           the dead letter of a schedule is sent to
 *                                   its queue then (schedule_impl.h)
 *   p Z execution:8                 is being removed (retention.c), or is a
 *                                   copy that is not whole (fork_execution.h)
 *   p Y                             of a backup: when it was made (survivors.c)
 *   p X pid:4 start_time:8          a process group of a task that was given
 *                                   up, until it has ended: the task's key
 *
 * Execution ids ascend with time (milliseconds << 16, never reused), so rows
 * of one age lie together and inserts go to the end of their table.
 */
#ifndef WF_KEYS_H
#define WF_KEYS_H

#include "base.h"

/** Names have up to 80 characters of up to 4 bytes. */
#define WF_KEY_MAX 328

struct wf_key {
    char data[WF_KEY_MAX];
    size_t len;
};

static inline struct wf_str wf_key_str(const struct wf_key *key) {
    return (struct wf_str){key->data, key->len};
}

/** The frame number in a timer key that means the execution itself. */
#define WF_FRAME_NONE UINT32_MAX
/** The frame number in a timer key that means the tasks which wait for the
 * execution. */
#define WF_FRAME_CALLERS (UINT32_MAX - 1)

struct wf_key wf_key_table(uint16_t partition, char table);
/** The first key behind the table: the end of a scan over all of it. */
struct wf_key wf_key_table_end(uint16_t partition, char table);
struct wf_key wf_key_journal(uint16_t partition, uint64_t seq);
struct wf_key wf_key_execution(uint16_t partition, uint64_t execution);
struct wf_key wf_key_frame(uint16_t partition, uint64_t execution,
                           uint32_t frame);
struct wf_key wf_key_segment(uint16_t partition, uint64_t execution,
                             uint64_t first_event);
struct wf_key wf_key_piece(uint16_t partition, uint64_t execution,
                           uint64_t document, uint32_t piece);
struct wf_key wf_key_name(uint16_t partition, uint32_t machine,
                          struct wf_str name);
struct wf_key wf_key_list(uint16_t partition, uint32_t machine,
                          int64_t start_ms, uint64_t execution);
struct wf_key wf_key_timer(uint16_t partition, int64_t due_ms,
                           uint64_t execution, uint32_t frame);
struct wf_key wf_key_checkpoint(uint16_t partition, uint64_t execution,
                                uint32_t frame);
struct wf_key wf_key_results(uint16_t partition, uint64_t execution,
                             uint32_t frame, uint32_t first);
struct wf_key wf_key_machine(uint16_t partition, struct wf_str name);
struct wf_key wf_key_revision(uint16_t partition, uint32_t machine,
                              uint32_t revision);
struct wf_key wf_key_version(uint16_t partition, uint32_t machine,
                             uint32_t version);
struct wf_key wf_key_alias(uint16_t partition, uint32_t machine,
                           struct wf_str name);
struct wf_key wf_key_qualified(uint16_t partition, uint32_t machine,
                               struct wf_str qualifier, int64_t start_ms,
                               uint64_t execution);
struct wf_key wf_key_map_run(uint16_t partition, uint64_t execution,
                             uint32_t run);
struct wf_key wf_key_child(uint16_t partition, uint64_t execution,
                           uint32_t run, uint64_t child);
struct wf_key wf_key_activity(uint16_t partition, struct wf_str name);
struct wf_key wf_key_offer(uint16_t partition, uint64_t activity,
                           int64_t time_ms, uint64_t execution,
                           uint32_t frame);
struct wf_key wf_key_survivor(uint16_t partition, int32_t pid,
                              uint64_t start_time);
/** Without a name: what all names of the group begin with. */
struct wf_key wf_key_schedule(uint16_t partition, struct wf_str group,
                              struct wf_str name);
struct wf_key wf_key_schedule_group(uint16_t partition, struct wf_str name);
/** slot_ms 0: of the schedule itself. */
struct wf_key wf_key_schedule_due(uint16_t partition, int64_t due_ms,
                                  struct wf_str group, struct wf_str name,
                                  int64_t slot_ms);
/** `kind`: 'q' of those that are to be sent, 'd' of dead letters. seq 0: what
 * all of the target begin with. */
struct wf_key wf_key_notification(uint16_t partition, char kind,
                                  struct wf_str target, uint64_t seq);
struct wf_key wf_key_schedule_letter(uint16_t partition, int64_t due_ms,
                                     uint64_t id);
/** The execution is being removed, or is no whole copy yet. */
struct wf_key wf_key_removal(uint16_t partition, uint64_t execution);
struct wf_key wf_key_bundle(uint16_t partition, struct wf_str hash);

/** Numbers out of a key: `offset` counts from behind the table letter. */
uint32_t wf_key_u32(struct wf_str key, size_t offset);
uint64_t wf_key_u64(struct wf_str key, size_t offset);

/** Appends the parts of a key as people read them: numbers of executions and
 * activities in hexadecimal. False: it has not the form that its table's keys
 * have (above); then its bytes are appended. */
bool wf_key_describe(struct wf_str key, struct wf_buf *out);

#endif
