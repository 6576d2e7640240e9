# The layers of the engine, lowest first. A file belongs to one layer.
layer(wf_base SOURCES core/base.c core/clock.c)
