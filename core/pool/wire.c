/* wire.c - messages between the pool and a worker. See wire.h. */
#include "wire.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD 5 /* length and type */
#define READ_BYTES (256u << 10)
#define KEEP_BYTES (512u << 10) /* larger buffers are given back when empty */
#define MESSAGE_MAX (1u << 30)

void wf_wire_close(struct wf_wire *wire) {
    if (wire->fd >= 0)
        close(wire->fd);
    wire->fd = -1;
    wf_buf_free(&wire->in);
    wf_buf_free(&wire->out);
    wire->in_at = wire->out_at = 0;
}

size_t wf_wire_begin(struct wf_wire *wire, enum wf_wire_type type) {
    size_t mark = wire->out.len;

    wf_buf_be32(&wire->out, 0);
    wf_buf_u8(&wire->out, (uint8_t)type);
    return mark;
}

void wf_wire_end(struct wf_wire *wire, size_t mark) {
    uint32_t len = (uint32_t)(wire->out.len - mark - 4);
    unsigned char *head = (unsigned char *)wire->out.data + mark;

    head[0] = (unsigned char)(len >> 24);
    head[1] = (unsigned char)(len >> 16);
    head[2] = (unsigned char)(len >> 8);
    head[3] = (unsigned char)len;
}

void wf_wire_undo(struct wf_wire *wire, size_t mark) {
    wire->out.len = mark;
}

void wf_wire_send_id(struct wf_wire *wire, enum wf_wire_type type,
                     uint64_t id) {
    size_t mark = wf_wire_begin(wire, type);

    wf_buf_varint(&wire->out, id);
    wf_wire_end(wire, mark);
}

void wf_wire_put_task(struct wf_buf *buf, const struct wf_wire_task *task) {
    wf_buf_reserve(buf, 80 + task->bundle.len + task->function.len +
                            task->checkpoint.len + task->context.len +
                            task->input.len);
    wf_buf_varint(buf, task->id);
    wf_buf_varint(buf, task->timeout_ms);
    wf_buf_varint(buf, task->virtual_now_ms);
    wf_buf_text(buf, task->bundle);
    wf_buf_text(buf, task->function);
    wf_buf_text(buf, task->checkpoint);
    wf_buf_text(buf, task->context);
    wf_buf_text(buf, task->input);
}

void wf_wire_get_task(struct wf_reader *body, struct wf_wire_task *task) {
    task->id = wf_read_varint(body);
    task->timeout_ms = wf_read_varint(body);
    task->virtual_now_ms = wf_read_varint(body);
    task->bundle = wf_read_text(body);
    task->function = wf_read_text(body);
    task->checkpoint = wf_read_text(body);
    task->context = wf_read_text(body);
    task->input = wf_read_text(body);
}

size_t wf_wire_pending(const struct wf_wire *wire) {
    return wire->out.len - wire->out_at;
}

/* An empty buffer starts at its front again; a huge one is given back. */
static void buffer_reset(struct wf_buf *buf, size_t *at) {
    if (*at < buf->len)
        return;
    buf->len = *at = 0;
    if (buf->cap > KEEP_BYTES)
        wf_buf_free(buf);
}

int wf_wire_flush(struct wf_wire *wire) {
    while (wf_wire_pending(wire) > 0) {
        ssize_t n = send(wire->fd, wire->out.data + wire->out_at,
                         wf_wire_pending(wire), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? 0 : -1;
        wire->out_at += (size_t)n;
    }
    buffer_reset(&wire->out, &wire->out_at);
    return 1;
}

static uint32_t message_length(const char *at) {
    const unsigned char *head = (const unsigned char *)at;

    return (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 |
           (uint32_t)head[2] << 8 | head[3];
}

/* Room for the rest of the message that has begun to arrive. */
static size_t room_wanted(struct wf_wire *wire) {
    size_t have = wire->in.len - wire->in_at, want = READ_BYTES;

    if (have >= HEAD) {
        size_t rest = 4 + message_length(wire->in.data + wire->in_at) - have;
        if (rest > want && rest < MESSAGE_MAX)
            want = rest;
    }
    return want;
}

int wf_wire_read(struct wf_wire *wire) {
    struct wf_buf *in = &wire->in;

    buffer_reset(in, &wire->in_at);
    if (wire->in_at > 0) {
        in->len -= wire->in_at;
        memmove(in->data, in->data + wire->in_at, in->len);
        wire->in_at = 0;
    }
    wf_buf_reserve(in, room_wanted(wire));
    for (;;) {
        ssize_t n = recv(wire->fd, in->data + in->len, in->cap - in->len,
                         MSG_DONTWAIT);
        if (n > 0) {
            in->len += (size_t)n;
            return 1;
        }
        if (n < 0 && errno == EINTR)
            continue;
        return n < 0 && errno == EAGAIN ? 0 : -1;
    }
}

bool wf_wire_next(struct wf_wire *wire, enum wf_wire_type *type,
                  struct wf_reader *body) {
    size_t have = wire->in.len - wire->in_at;
    const char *at = wire->in.data + wire->in_at;

    if (have < HEAD)
        return false;
    size_t len = message_length(at);
    if (len < 1 || len > have - 4)
        return false;
    *type = (enum wf_wire_type)(uint8_t)at[4];
    *body = (struct wf_reader){.at = at + HEAD, .end = at + 4 + len};
    wire->in_at += 4 + len;
    return true;
}

size_t wf_wire_take(struct wf_wire *wire, size_t len, struct wf_buf *text) {
    struct wf_buf rest = {0};

    wf_buf_add(&rest, wire->in.data + wire->in_at, wire->in.len - wire->in_at);
    *text = wire->in;
    text->len = wire->in_at;
    wire->in = rest;
    wire->in_at = 0;
    return text->len - len;
}

static struct wf_page *page_map(int fd) {
    void *page = mmap(NULL, sizeof(struct wf_page), PROT_READ | PROT_WRITE,
                      MAP_SHARED, fd, 0);
    return page == MAP_FAILED ? NULL : page;
}

int wf_page_create(struct wf_page **page) {
    int fd = memfd_create("moonstep-worker", MFD_CLOEXEC);

    if (fd < 0)
        return -1;
    if (ftruncate(fd, sizeof(struct wf_page)) != 0 ||
        (*page = page_map(fd)) == NULL) {
        close(fd);
        return -1;
    }
    return fd;
}

union fd_message {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
};

int wf_page_send(int socket, int page_fd) {
    char byte = 'P';
    union fd_message control = {0};
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control.space)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &page_fd, sizeof(int));
    return sendmsg(socket, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

struct wf_page *wf_page_receive(int socket) {
    char byte;
    union fd_message control = {0};
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control.space)};
    int fd;

    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1)
        return NULL;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_type != SCM_RIGHTS)
        return NULL;
    memcpy(&fd, CMSG_DATA(header), sizeof(int));
    struct wf_page *page = page_map(fd);
    close(fd);
    return page;
}

void wf_page_free(struct wf_page *page) {
    if (page)
        munmap(page, sizeof(*page));
}
