# The layers of the engine, lowest first. A file belongs to one layer.
layer(wf_base SOURCES core/base.c core/clock.c)

include(cmake/embed.cmake)
embed_lua(EMBEDDED_SOURCE)
layer(wf_embedded SOURCES core/embedded.c ${EMBEDDED_SOURCE} LINK wf_base)
layer(wf_event SOURCES core/json_write.c core/event.c core/event_json.c
      LINK wf_base)
