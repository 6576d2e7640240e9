/* cli_version.c - `moonstep version`: what this program is made of. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <curl/curl.h>
#include <ev.h>
#include <expat.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <pcre2.h>
#include <zlib.h>

#include "cli.h"
#include "lua_version.h"
#include "store.h"

#define PCRE2_VERSION_BYTES 64

/* "10.42 2022-12-11" */
static void add_pcre2(struct wf_buf *out) {
    char version[PCRE2_VERSION_BYTES] = "";
    pcre2_config(PCRE2_CONFIG_VERSION, version);
    wf_buf_addf(out, "PCRE2         %.*s\n", (int)strcspn(version, " "),
                version);
}

int wf_cli_version(void) {
    XML_Expat_Version expat = XML_ExpatVersionInfo();
    struct wf_buf text = {0};
    bool is_printed;

    wf_buf_addf(&text, "moonstep      %s\n", MOONSTEP_VERSION);
    wf_buf_addf(&text, "LuaJIT        %s\n", wf_lua_version());
    wf_buf_addf(&text, "libev         %d.%d\n", ev_version_major(),
                ev_version_minor());
    wf_buf_addf(&text, "LMDB          %s\n",
                wf_store_version() + strlen("LMDB "));
    wf_buf_addf(&text, "libmicrohttpd %s\n", MHD_get_version());
    wf_buf_addf(&text, "libcurl       %s\n",
                curl_version_info(CURLVERSION_NOW)->version);
    wf_buf_addf(&text, "OpenSSL       %s\n",
                OpenSSL_version(OPENSSL_VERSION_STRING));
    add_pcre2(&text);
    wf_buf_addf(&text, "zlib          %s\n", zlibVersion());
    wf_buf_addf(&text, "expat         %d.%d.%d\n", expat.major, expat.minor,
                expat.micro);
    wf_buf_adds(&text, "lua-cjson     ");
    wf_lua_module_version("cjson", &text);
    wf_buf_adds(&text, "\n");
    is_printed = wf_cli_print((struct wf_str){text.data, text.len});
    wf_buf_free(&text);
    return is_printed ? WF_EXIT_OK : WF_EXIT_ENGINE;
}
