/* peer.c - see peer.h. */
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

static const struct sockaddr_in *as_v4(const struct sockaddr *address) {
    return (const struct sockaddr_in *)(const void *)address;
}

static const struct sockaddr_in6 *as_v6(const struct sockaddr *address) {
    return (const struct sockaddr_in6 *)(const void *)address;
}

bool wf_peer_is_loopback(const struct sockaddr *address) {
    if (address->sa_family == AF_INET)
        return ntohl(as_v4(address)->sin_addr.s_addr) >> 24 == 127;
    if (address->sa_family != AF_INET6)
        return false;
    const struct in6_addr *v6 = &as_v6(address)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(v6) ||
           (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
}

/* Address bytes and port, both in network order; returns the byte count. */
static size_t parts_of(const struct sockaddr *address, void *bytes,
                       uint16_t *port) {
    if (address->sa_family == AF_INET6) {
        *port = as_v6(address)->sin6_port;
        memcpy(bytes, &as_v6(address)->sin6_addr, 16);
        return 16;
    }
    *port = as_v4(address)->sin_port;
    memcpy(bytes, &as_v4(address)->sin_addr, 4);
    return 4;
}

/* ---- netlink ---- */

struct diag_request {
    struct nlmsghdr header;
    struct inet_diag_req_v2 ask;
};

static void diag_request_init(struct diag_request *request,
                              const struct sockaddr *peer,
                              const struct sockaddr *local) {
    struct inet_diag_sockid *id = &request->ask.id;
    *request = (struct diag_request){
        .header = {.nlmsg_len = sizeof(*request),
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST},
        .ask = {.sdiag_family = (uint8_t)peer->sa_family,
                .sdiag_protocol = IPPROTO_TCP,
                .idiag_states = UINT32_MAX},
    };
    parts_of(peer, id->idiag_src, &id->idiag_sport);
    parts_of(local, id->idiag_dst, &id->idiag_dport);
    id->idiag_cookie[0] = INET_DIAG_NOCOOKIE;
    id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
}

static int diag_answer(const struct nlmsghdr *header, size_t len, uid_t *uid,
                       struct wf_error *err) {
    if (!NLMSG_OK(header, len))
        return wf_error_set(err, WF_E_IO, "inet_diag: answer cut short");
    if (header->nlmsg_type == NLMSG_ERROR) {
        const struct nlmsgerr *fault = NLMSG_DATA(header);
        return wf_error_set(err,
                            fault->error == -ENOENT ? WF_E_NOT_FOUND : WF_E_IO,
                            "inet_diag: %s", strerror(-fault->error));
    }
    const struct inet_diag_msg *found = NLMSG_DATA(header);
    if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*found)))
        return wf_error_set(err, WF_E_IO, "inet_diag: answer cut short");
    if (found->idiag_inode == 0)
        return wf_error_set(err, WF_E_NOT_FOUND,
                            "the client has closed its socket");
    *uid = found->idiag_uid;
    return 0;
}

int wf_peer_uid_netlink(const struct sockaddr *peer,
                        const struct sockaddr *local, uid_t *uid,
                        struct wf_error *err) {
    struct diag_request request;
    union {
        struct nlmsghdr header;
        char bytes[4096];
    } answer;
    int rc = -1;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

    if (fd < 0)
        return wf_error_set(err, WF_E_IO, "netlink: %s", strerror(errno));
    diag_request_init(&request, peer, local);
    if (send(fd, &request, sizeof(request), 0) < 0) {
        wf_error_set(err, WF_E_IO, "netlink: %s", strerror(errno));
        goto out;
    }
    ssize_t len = recv(fd, &answer, sizeof(answer), 0);
    if (len < 0)
        wf_error_set(err, WF_E_IO, "netlink: %s", strerror(errno));
    else
        rc = diag_answer(&answer.header, (size_t)len, uid, err);
out:
    close(fd);
    return rc;
}

/* ---- /proc/net/tcp ---- */

/* The kernel prints each 32-bit word of an address as a number of this
 * machine: "0100007F:1F93". */
static void proc_address(const struct sockaddr *address, char out[40]) {
    uint32_t words[4];
    uint16_t port;
    size_t len = parts_of(address, words, &port);
    for (size_t i = 0; i < len / 4; i++)
        out += sprintf(out, "%08X", words[i]);
    sprintf(out, ":%04X", ntohs(port));
}

int wf_peer_uid_proc(const struct sockaddr *peer,
                     const struct sockaddr *local, uid_t *uid,
                     struct wf_error *err) {
    char want_peer[40], want_local[40], line[512];
    const char *path = peer->sa_family == AF_INET6 ? "/proc/net/tcp6"
                                                   : "/proc/net/tcp";
    FILE *file = fopen(path, "re");
    int rc = -1;

    if (!file)
        return wf_error_set(err, WF_E_IO, "%s: %s", path, strerror(errno));
    proc_address(peer, want_peer);
    proc_address(local, want_local);
    while (rc != 0 && fgets(line, sizeof(line), file)) {
        char from[40], to[40];
        unsigned owner;
        unsigned long inode;
        if (sscanf(line, " %*u: %39s %39s %*x %*s %*s %*s %u %*u %lu", from,
                   to, &owner, &inode) == 4 &&
            inode != 0 && strcmp(from, want_peer) == 0 &&
            strcmp(to, want_local) == 0) {
            *uid = owner;
            rc = 0;
        }
    }
    fclose(file);
    if (rc != 0)
        wf_error_set(err, WF_E_NOT_FOUND, "%s: no such socket", path);
    return rc;
}

int wf_peer_uid(const struct sockaddr *peer, const struct sockaddr *local,
                uid_t *uid, struct wf_error *err) {
    struct wf_error own = {0};
    if (wf_peer_uid_netlink(peer, local, uid, &own) == 0)
        return 0;
    if (own.code == WF_E_IO)
        return wf_peer_uid_proc(peer, local, uid, err);
    return wf_error_set(err, own.code, "%s", own.message);
}
