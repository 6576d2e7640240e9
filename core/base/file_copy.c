/* file_copy.c - copying and hashing whole files. See file.h. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    COPY_CHUNK = 8 << 20, /* between two looks at the cancel flag */
    HASH_CHUNK = 256 << 10,
};

static bool is_cancelled(const atomic_bool *cancelled) {
    return cancelled && atomic_load(cancelled);
}

static ssize_t copy_by_hand(int from, int to) {
    static const size_t size = HASH_CHUNK;
    char *buffer = wf_malloc(size);
    ssize_t got = read(from, buffer, size), done = 0;

    while (done < got) {
        ssize_t put = write(to, buffer + done, (size_t)(got - done));
        if (put < 0) {
            got = -1;
            break;
        }
        done += put;
    }
    int error = errno;
    free(buffer);
    errno = error;
    return got;
}

/* Some file systems and pairs of them can't copy within the kernel, and
 * files of /proc and /sys claim to be empty: those go by hand. */
static bool kernel_cannot(int error) {
    return error == EXDEV || error == EINVAL || error == ENOSYS ||
           error == EOPNOTSUPP;
}

static int copy_content(int from, int to, const atomic_bool *cancelled) {
    bool by_hand = false, any = false;

    if (ioctl(to, FICLONE, from) == 0)
        return 0;
    for (;;) {
        if (is_cancelled(cancelled))
            return ECANCELED;
        ssize_t got = by_hand ? copy_by_hand(from, to)
                              : copy_file_range(from, NULL, to, NULL,
                                                COPY_CHUNK, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (!by_hand && !any && (got == 0 || kernel_cannot(errno))) {
            by_hand = true;
            continue;
        }
        if (got <= 0)
            return got == 0 ? 0 : errno;
        any = true;
    }
}

static int copy_open(int from, const char *name, const char *to, bool sync,
                     const atomic_bool *cancelled, struct wf_error *err) {
    struct stat st;
    struct wf_file_temp temp;

    if (fstat(from, &st) != 0)
        return wf_file_fail(err, errno, "stat", name);
    if (!S_ISREG(st.st_mode)) {
        wf_error_set(err, WF_E_INVALID, "copy %s: not a regular file", name);
        return S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
    }
    int error =
        wf_file_temp_open(&temp, to, (int)(st.st_mode & 07777), err);
    if (error)
        return error;
    error = copy_content(from, temp.fd, cancelled);
    struct timespec times[2] = {st.st_atim, st.st_mtim};
    if (!error && futimens(temp.fd, times) != 0)
        error = errno;
    if (!error)
        return wf_file_temp_commit(&temp, sync, err);
    wf_file_temp_drop(&temp);
    return wf_file_fail(err, error, "copy", to);
}

int wf_file_copy(const char *from, const char *to, bool sync,
                 const atomic_bool *cancelled, struct wf_error *err) {
    int fd = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return wf_file_fail(err, errno, "open", from);
    int error = copy_open(fd, from, to, sync, cancelled, err);
    close(fd);
    return error;
}

static int hash_content(int fd, EVP_MD_CTX *digest,
                        const atomic_bool *cancelled) {
    char *buffer = wf_malloc(HASH_CHUNK);
    int error = 0;

    for (;;) {
        ssize_t got = read(fd, buffer, HASH_CHUNK);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            error = errno;
        else if (is_cancelled(cancelled))
            error = ECANCELED;
        else if (got > 0 && EVP_DigestUpdate(digest, buffer, (size_t)got) != 1)
            error = EIO;
        if (error || got == 0)
            break;
    }
    free(buffer);
    return error;
}

static void to_hex(const unsigned char *bytes, unsigned count, char *hex) {
    static const char digits[] = "0123456789abcdef";

    for (unsigned i = 0; i < count; i++) {
        *hex++ = digits[bytes[i] >> 4];
        *hex++ = digits[bytes[i] & 15];
    }
    *hex = '\0';
}

int wf_file_hash(const char *path, const char *algorithm, char hex[129],
                 const atomic_bool *cancelled, struct wf_error *err) {
    const EVP_MD *kind = EVP_get_digestbyname(algorithm);
    unsigned char result[EVP_MAX_MD_SIZE];
    unsigned count = 0;

    if (!kind || EVP_MD_get_size(kind) > 64) {
        wf_error_set(err, WF_E_INVALID, "hash: no algorithm '%s'", algorithm);
        return EINVAL;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return wf_file_fail(err, errno, "open", path);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    int error = digest && EVP_DigestInit_ex(digest, kind, NULL) == 1
                    ? hash_content(fd, digest, cancelled)
                    : ENOMEM;
    if (!error && EVP_DigestFinal_ex(digest, result, &count) != 1)
        error = EIO;
    EVP_MD_CTX_free(digest);
    close(fd);
    if (error)
        return wf_file_fail(err, error, "hash", path);
    to_hex(result, count, hex);
    return 0;
}
