/* fetch_guard.c - see fetch_guard.h. */
#include "fetch_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

struct network {
    unsigned char bytes[16]; /* IPv4: mapped, ::ffff:a.b.c.d */
    unsigned bits;
};

/* What is no public address of one host. */
static const char *const FORBIDDEN[] = {
    "0.0.0.0/8",      "10.0.0.0/8",      "100.64.0.0/10", "127.0.0.0/8",
    "169.254.0.0/16", "172.16.0.0/12",   "192.0.0.0/24",  "192.0.2.0/24",
    "192.88.99.0/24", "192.168.0.0/16",  "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4",     "240.0.0.0/4",   "::/96",
    "64:ff9b::/96",   "64:ff9b:1::/48",  "100::/64",      "2001::/23",
    "2001:db8::/32",  "2002::/16",       "fc00::/7",      "fe80::/10",
    "fec0::/10",      "ff00::/8",        NULL,
};

static bool read_bits(const char *text, unsigned most, unsigned *bits) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    *bits = (unsigned)value;
    return *text >= '0' && *text <= '9' && *end == 0 && value <= most;
}

static bool read_network(const char *text, size_t len, struct network *to) {
    char buf[64];
    if (len == 0 || len >= sizeof(buf))
        return false;
    memcpy(buf, text, len);
    buf[len] = 0;
    char *slash = strchr(buf, '/');
    unsigned bits = 128;
    if (slash)
        *slash++ = 0;
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(to->bytes, mapped, sizeof(mapped));
    if (inet_pton(AF_INET, buf, to->bytes + 12) == 1) {
        if (slash && !read_bits(slash, 32, &bits))
            return false;
        to->bits = slash ? bits + 96 : 128;
        return true;
    }
    if (slash && !read_bits(slash, 128, &bits))
        return false;
    to->bits = bits;
    return inet_pton(AF_INET6, buf, to->bytes) == 1;
}

static bool is_in(const unsigned char address[16],
                  const struct network *network) {
    unsigned whole = network->bits / 8, rest = network->bits % 8;
    if (memcmp(address, network->bytes, whole) != 0)
        return false;
    unsigned char mask = (unsigned char)(0xff00 >> rest);
    return rest == 0 ||
           ((address[whole] ^ network->bytes[whole]) & mask) == 0;
}

bool wf_network_is_valid(const char *text) {
    struct network network;
    return read_network(text, strlen(text), &network);
}

static bool is_forbidden(const unsigned char address[16]) {
    struct network network;
    for (const char *const *at = FORBIDDEN; *at; at++)
        if (read_network(*at, strlen(*at), &network) &&
            is_in(address, &network))
            return true;
    return false;
}

static bool is_listed(const unsigned char address[16], const char *allow) {
    struct network network;
    while (allow && *allow) {
        size_t len = strcspn(allow, "\n");
        if (read_network(allow, len, &network) && is_in(address, &network))
            return true;
        allow += len + (allow[len] != 0);
    }
    return false;
}

bool wf_address_is_allowed(const struct sockaddr *address,
                           const char *allow) {
    struct network it = {{[10] = 0xff, [11] = 0xff}, 128};
    if (address->sa_family == AF_INET)
        memcpy(it.bytes + 12,
               &((const struct sockaddr_in *)address)->sin_addr, 4);
    else if (address->sa_family == AF_INET6)
        memcpy(it.bytes, &((const struct sockaddr_in6 *)address)->sin6_addr,
               16);
    else
        return false;
    return !is_forbidden(it.bytes) || is_listed(it.bytes, allow);
}
