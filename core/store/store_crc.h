/* store_crc.h - CRC-32C (Castagnoli), for the log's records. */
#ifndef WF_STORE_CRC_H
#define WF_STORE_CRC_H

#include <stddef.h>
#include <stdint.h>

uint32_t store_crc32c(const void *data, size_t len);

#endif
