/*
 * http_guard.c - which Host and Origin may ask for what (http.h).
 *
 * A page of another site can make a browser send requests here, and, once
 * its name was rebound to our address, even read the answers. Both show in
 * headers that a page cannot forge: Origin, and the name in Host.
 */
#include <strings.h>

#include "http.h"

/* The name in "name:port", "[v6]:port" or "name". */
static struct wf_str host_name(struct wf_str host) {
    size_t len = 0;
    if (host.len && host.data[0] == '[') {
        const char *close = memchr(host.data, ']', host.len);
        len = close ? (size_t)(close - host.data) + 1 : host.len;
    } else {
        const char *colon = memchr(host.data, ':', host.len);
        len = colon ? (size_t)(colon - host.data) : host.len;
    }
    return (struct wf_str){host.data, len};
}

static bool same_name(struct wf_str name, const char *allowed) {
    return strlen(allowed) == name.len &&
           strncasecmp(name.data, allowed, name.len) == 0;
}

static bool port_is_sound(struct wf_str host, struct wf_str name) {
    if (host.len == name.len)
        return true;
    if (host.data[name.len] != ':' || host.len - name.len > 6)
        return false;
    for (size_t i = name.len + 1; i < host.len; i++)
        if (host.data[i] < '0' || host.data[i] > '9')
            return false;
    return true;
}

static bool host_is_allowed(struct wf_str host, const char *const *hosts) {
    static const char *const always[] = {"localhost", "127.0.0.1", "[::1]",
                                         NULL};
    struct wf_str name = host_name(host);

    if (!port_is_sound(host, name))
        return false;
    for (const char *const *at = always; *at; at++)
        if (same_name(name, *at))
            return true;
    for (const char *const *at = hosts; at && *at; at++)
        if (same_name(name, *at))
            return true;
    return false;
}

/* "http://localhost:8083" agrees with the Host "localhost:8083". */
static bool origin_is_host(struct wf_str origin, struct wf_str host) {
    size_t scheme = 0;
    if (origin.len > 7 && memcmp(origin.data, "http://", 7) == 0)
        scheme = 7;
    else if (origin.len > 8 && memcmp(origin.data, "https://", 8) == 0)
        scheme = 8;
    return scheme && origin.len - scheme == host.len &&
           strncasecmp(origin.data + scheme, host.data, host.len) == 0;
}

const char *wf_http_guard(const struct wf_http_claim *claim,
                          const char *const *hosts) {
    bool is_call = claim->is_signed ||
                   (claim->has_target &&
                    wf_str_eq(claim->path, WF_STR("/")) &&
                    wf_str_eq(claim->method, WF_STR("POST")));

    if (is_call && !claim->origin.data)
        return NULL;
    if (!claim->host.data || !host_is_allowed(claim->host, hosts))
        return "The Host header does not name this server: use localhost or "
               "the address it listens on.";
    if (claim->origin.data && !origin_is_host(claim->origin, claim->host))
        return "The Origin header names another site than the Host header.";
    return NULL;
}
