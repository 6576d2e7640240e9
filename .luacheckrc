-- Settings of luacheck: LuaJIT, narrow lines, no globals of our own.
std = "luajit"
max_line_length = 80
exclude_files = { "build/", "lua/core.stub.lua" }
ignore = { "212/_.*", "212/self" } -- arguments a contract asks for
files["tests/**/*_spec.lua"] = { std = "luajit+busted" }
files["**/.luacheckrc"] = { std = "luajit+luacheckrc" }
