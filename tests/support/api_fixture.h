/*
 * api_fixture.h - the API over HTTP in front of a fake engine
 * (fake_engine.h), and what its tests ask of it.
 */
#ifndef API_FIXTURE_H
#define API_FIXTURE_H

#include "api.h"
#include "fake_engine.h"
#include "http_client.h"

#define ARN "arn:aws:states:us-east-1:000000000000:"
#define MACHINE ARN "stateMachine:m"
#define EXECUTION ARN "execution:m:e"
#define ROLE "arn:aws:iam::123456789012:role/r"

struct fixture {
    struct ev_loop *loop;
    struct wf_engine engine;
    struct wf_api *api;
    struct http_response response;
};

int api_set_up(void **state);
int api_tear_down(void **state);
/** The request's text, ended by a NUL. */
void api_write_call(struct wf_buf *out, const char *target, const char *body);
/** Calls and keeps the response in the fixture. */
void api_call(struct fixture *fixture, const char *target, const char *body);
/** 200 and exactly this body. */
void assert_call(struct fixture *fixture, const char *target,
                 const char *body, const char *expected);
/** 400 and this exception, without the engine being asked. */
void assert_fails(struct fixture *fixture, const char *target,
                  const char *body, const char *type, const char *message);

#endif
