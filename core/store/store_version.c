/* store_version.c - which library is underneath. */
#include <lmdb.h>
#include <stddef.h>

#include "store.h"

const char *wf_store_version(void) {
    return mdb_version(NULL, NULL, NULL);
}
