/*
 * s3_server.h - the stand-in for S3 (s3.py) as a child of a test. It ends
 * with the test, however that ends.
 */
#ifndef S3_SERVER_H
#define S3_SERVER_H

#include <sys/types.h>

#include "item_bucket.h"

struct s3_server {
    pid_t pid;
    char url[64];
};

/** False if there is no python3. */
bool s3_server_start(struct s3_server *server);
void s3_server_stop(struct s3_server *server);
/** The endpoint, with the credentials that it knows. */
struct wf_item_stores s3_server_stores(const struct s3_server *server);

#endif
