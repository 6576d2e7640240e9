/* s3_server.c - see s3_server.h. */
#include "s3_server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void become_server(int out) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out, STDOUT_FILENO);
    execlp("python3", "python3", MOONSTEP_SOURCE_DIR "/tests/support/s3.py",
           (char *)NULL);
    _exit(127);
}

bool s3_server_start(struct s3_server *server) {
    int ends[2];

    if (pipe(ends) != 0)
        return false;
    server->pid = fork();
    if (server->pid == 0)
        become_server(ends[1]);
    close(ends[1]);
    FILE *out = fdopen(ends[0], "r");
    bool started = fgets(server->url, sizeof(server->url), out) != NULL;
    fclose(out);
    server->url[strcspn(server->url, "\n")] = '\0';
    if (!started)
        s3_server_stop(server);
    return started;
}

void s3_server_stop(struct s3_server *server) {
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
}

struct wf_item_stores s3_server_stores(const struct s3_server *server) {
    return (struct wf_item_stores){.s3_endpoint = server->url,
                                   .s3_region = "eu-test-1",
                                   .access_key = "AKTEST",
                                   .secret_key = "secret/+key"};
}
