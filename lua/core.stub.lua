--- What the C core offers to Lua in lua/ and states/: documentation only.
--
-- This file is never loaded. The functions live in core/lua/lua_doc.c (module
-- "wf.doc") and core/lua/lua_ctx.c (the ctx argument of state scripts). State
-- scripts and lua/ run in a sandbox: the base library without load, loadfile,
-- dofile, collectgarbage, print; string, table, math without random; bit;
-- require for the engine's own modules. No io, os, ffi, debug, jit, package.

---------------------------------------------------------------------------
-- wf.doc: JSON documents (core/base/doc.h). A value is an immutable userdata: a
-- document and a place in it. Nothing here decodes what it need not decode.
-- A value that a state script got or made is valid during that call only.
---------------------------------------------------------------------------

local doc = {}

--- Checks and indexes JSON text. Returns a value, or nil and a message with
-- line and column.
function doc.parse(text) end

--- Lua data as a value: string (UTF-8, else an error), number (integers
-- without a dot; NaN and infinities are an error), boolean, a value (returned
-- as it is; may also stand inside tables), a table: 1..n is an array, names
-- make an object in the order of their bytes, an empty table is {}. For
-- another order, or an array that may be empty, see object and array.
function doc.from(data) end
--- An empty-able array/object from Lua data; object takes a list of pairs
-- { {"Error", "x"}, {"Cause", "y"} }, in that order.
function doc.array(list) end
function doc.object(pairs_list) end
--- The values `null`, `{}` and `[]`.
doc.null, doc.empty_object, doc.empty_array = nil, nil, nil
--- A Lua string as JSON text, quotes included.
function doc.quote(text) end
--- As text:find(piece, from, true), but linear whatever the texts are.
function doc.search(text, piece, from) end
--- Counts steps (about 100 ns each) against the budget of the decision: what
-- a loop over text costs, before it begins. All functions of this module and
-- of values count their own. Beyond the budget they raise an error that must
-- not be caught: on the loop it means that an evaluator thread decides, with
-- a much larger budget; there, that the state has failed.
function doc.spend(steps) end
--- true if x is such a value.
function doc.is_value(x) end
--- A value from text that is known to be valid JSON (built by our own code).
function doc.trusted(text) end

--- The hash of a text as lower-case hex; nil if there is no such algorithm.
-- "MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512".
function doc.hash(algorithm, text) end
--- A regular expression (PCRE2), with flags as Java writes them ("i", "m",
-- "s", "x", "U"); or nil and what is wrong. regex:matches(text): whether it
-- matches the whole text; nil if that would take too many steps.
function doc.regex(pattern, flags) end

--- A compiled definite path: doc.path { "a", 0, "b" }: names, and 0-based
-- indices (numbers; negative from the end). {} is the root.
function doc.path(steps) end

--- A compiled template: a list of literal JSON text fragments (strings) and
-- holes. A hole is { path = doc.path {...}, source = 1 } (source 1: input,
-- 2: context) or { slot = n } (filled by the n-th extra argument of render,
-- a value). render joins fragments and the raw text of what the holes find:
-- one allocation, nothing re-encoded.
function doc.template(parts) end
-- template:render(input, context, ...) -> value; or nil, number of the part
-- (1-based) whose path found nothing. context may be a function: it is called
-- once, when first needed, and returns the context value.

local value = {}
--- "null" "boolean" "number" "string" "array" "object"
function value:type() end
--- Raw JSON text of this value.
function value:text() end
--- Unescaped characters of a string; nil for other types.
function value:string() end
--- A number as a Lua number; nil for other types.
function value:number() end
--- true/false; nil for other types.
function value:boolean() end
--- Elements of an array, members of an object, else nil.
function value:len() end
--- Member by name (the last, if duplicate) or nil.
function value:get(name) end
--- Element by 0-based index (negative from the end) or nil.
function value:at(index) end
--- for key, member in value:members() do (in order, keys unescaped strings)
function value:members() end
--- for index, element in value:elements() do (0-based)
function value:elements() end
--- What the compiled definite path finds, or nil.
function value:find(path) end
--- The same as Lua data, without the cost of a value: a string, a number, a
-- boolean, doc.null; for arrays and objects a value; or nil.
function value:scalar(path) end
--- A new document with `new` at `path`, all else kept to the byte; nil if the
-- path meets a scalar on its way.
function value:put(path, new) end
--- Deep equality as JSON values.
function value:equals(other) end
--- Plain Lua data: null is doc.null, arrays are lists; loses key order.
function value:decode() end

---------------------------------------------------------------------------
-- wf.service_models: models of AWS services (core/base/service_models.h).
---------------------------------------------------------------------------

local service_models = {}

--- The model of a service, a value; named as its folder in botocore, hyphens
-- do not count. nil and what is wrong if there is none.
function service_models.get(service) end

---------------------------------------------------------------------------
-- wf.jsonata: what lua/jsonata needs of C (core/lua/lua_jsonata.h); nobody else
-- can require it. For values see lua/jsonata/values.lua.
---------------------------------------------------------------------------

local core = {}

--- Frees all garbage.
function core.collect() end
--- Lua source as a function (chunk); or nil and what is wrong with it.
function core.compile(source, name) end
--- A value of wf.doc, or JSON text, as a value of JSONata: containers are
-- stubs, which are filled when they are looked into ([0]). parse returns nil
-- and what is wrong, if the text is no JSON.
function core.decode(value) end
function core.parse(text) end
--- A value as JSON text: exact, or as $string() has it. Raises an error table
-- if it is nested too deeply or becomes much longer than max_bytes (64 MiB).
function core.encode(value, as_string, pretty, max_bytes) end
--- Of a stub, without filling it: true and the member of that name; false if
-- it is no object. After some peeks it is filled all the same.
function core.peek(stub, name) end
--- The members of that name of an array's elements, if they are simple.
function core.column(stub, name) end
--- How many elements an array has, and the one of that index (from 1; below
-- zero from the end); nil if it is no array. Some of these fill it, too.
function core.item(stub, index) end
--- Fills an array; its objects with some members only.
function core.prefetch(stub, names) end
--- $merge of an array of objects: the object, and how many members were read.
function core.merge(list) end
--- Where a part of a text begins, from byte `at` on; nil: nowhere. In linear
-- time.
function core.find(text, part, at) end
--- A regular expression, and how many groups it has; or nil and what is wrong.
-- regex_find: where the first match at or behind the offset begins and ends
-- (0-based bytes), and its groups; nil: none; false: it takes too long.
function core.regex(pattern, flags) end
function core.regex_find(regex, text, offset) end
--- A number as JavaScript writes it; rounded to 15 digits; a random one.
function core.number_text(number) end
function core.rounded(number) end
function core.random() end
--- Upper or lower case of all scripts; a JSON string.
function core.change_case(text, upper) end
function core.quote(text) end
--- Milliseconds: since the epoch; on a clock that only goes forward.
function core.wall_ms() end
function core.elapsed_ms() end
--- table.new; null; the keys of {}.
function core.table_new(array, hash) end
core.null, core.no_keys = nil, nil

---------------------------------------------------------------------------
-- ctx: the first argument of a state script's functions. Valid during the
-- call only.
---------------------------------------------------------------------------

local ctx = {}
--- Milliseconds since the epoch, the moment of this transition.
function ctx:now_ms() end
--- The context object ($$) as a value: Execution, State, StateMachine, Task.
-- Built when first asked for.
function ctx:context() end
--- The same without Execution.Input and Map.Item.Value, which may be large,
-- and those two. map_item() is nil outside of a Map.
function ctx:brief_context() end
function ctx:execution_input() end
function ctx:map_item() end
--- The id of the event by which the state was entered (1-based): causes of
-- failures name it. 0: by none, it is tested.
function ctx:entered_event_id() end
--- How often the retrier (1-based) has been used in this visit of the state.
function ctx:retrier_count(index) end
--- The variables that the state sees, an object (value); nil if there are
-- none.
function ctx:variables() end
--- An expression has failed, at a location like "Output/total[0]": recorded as
-- EvaluationFailed with the cause (all of it), before what is decided now.
function ctx:evaluation_failed(location, cause) end
--- A distributed Map fails now, although it has started, with so many items:
-- MapStateStarted is recorded before what is decided.
function ctx:map_started(length) end
--- What a stage of the data flow has made of a value, or a number; nil: it
-- has made nothing. Names are those of AWS's InspectionData. For states that
-- are tested (asl.inspection).
function ctx:inspect(name, value) end
--- A failure (both may be nil) that goes to a retrier or catcher (their
-- numbers; nil: none). A retrier whose attempts are used up is given, too.
-- For states that are tested.
function ctx:handled(error, cause, retrier, catcher) end
--- A number in [0, 1), and a version 4 UUID: seeded under the virtual clock,
-- recorded by what is decided with it.
function ctx:random() end
function ctx:uuid() end

---------------------------------------------------------------------------
-- What the core calls (lua/machine.lua provides it)
---------------------------------------------------------------------------

local machine = {}
--- Compiles a definition. Returns a machine, or nil and a list of diagnostics
-- { { code = "MISSING_TRANSITION_TARGET", message =, location = "/States/A" } }
-- A machine has: start (index), timeout_s (or nil), states, a list in the
-- order of the text, nested ones included. Of each state the core reads: name,
-- type ("Task"), and for Task: resource_type ("lua"), resource
-- ("hello.greet"), family ("Task", "LambdaFunction" or "Activity": whose
-- events it emits); for Parallel: branches, the first state of each; for Map:
-- processor, its first state, and whether it has an ItemSelector; distributed
-- (boolean) and, if so, processor_text, the processor's JSON.
-- `definition` is JSON text or a value. `options` may be nil, or a table:
-- profile = "aws" refuses our extension fields and resources ("native").
function machine.load(definition, options) end
--- All findings about a definition, JSON text: a list of { code, message,
-- location, severity }, errors first. severity is "ERROR" (also nil),
-- "WARNING" or "INFO". options.type = "EXPRESS" adds its rules,
-- options.errors_only leaves out the rest.
function machine.diagnose(definition, options) end
--- Loads the state that a request of TestState is about: `asked` is a table
-- as lua/testing/request.lua says, with profile and state_name beside it (nil:
-- the definition is that of one state). Returns a machine, the number of the
-- state and how many retriers it has; or nil, an exception and its message
-- (also a list of diagnostics).
function machine.load_tested(definition, asked) end
--- Adds a state type: the table that a script of --states DIR returned, as
-- states/README.md describes. To be called before machine.load; raises an
-- error that says what is wrong with the script.
function machine.add_type(script) end

--- Decides what entering state number `index` means. Returns a decision.
function machine.enter(loaded, index, ctx, input) end
--- Decides what an event means for a state that waits. `event` is one of
--   "timer_fired"      a Wait's moment has come
--   "retry"            a retrier's interval is over
--   "task_succeeded"   a: output (value)
--   "task_failed"      a: error, b: cause (strings or nil); also
--                      States.Timeout and States.HeartbeatTimeout
--   "joined"           all branches or iterations have succeeded; a: the
--                      array of their outputs (value); of a Map Run with a
--                      ResultWriter what says where they are
--   "branch_failed"    one has failed, or more than a Map Run tolerates, or
--                      its reader or writer; a: error, b: cause
-- Returns a decision.
function machine.resume(loaded, index, ctx, input, event, a, b) end

--- The input of iteration `item_index` (0-based) over `item` (value) of the
-- Map number `index`, which has the raw input `input`; not called for states
-- without ItemSelector. ctx:context() shows the iteration as Map.Item.
-- Returns "item", value; or "fail", error, cause.
function machine.item(loaded, index, ctx, input, item_index, item) end

-- A decision leaves machine.enter/resume as multiple returns, the first of
-- which says what it is (tables in the state scripts: see states/README.md):
--   "exit", output (value), next (index, or 0: the end), assigned (an object
--               of new values of variables, or nil)
--   "fail", error, cause (strings or nil)   nothing caught it
--   "schedule", parameters (value), timeout_s or nil, heartbeat_s or nil,
--               at_most_once (boolean), role_arn (string) or nil
--                                           run the state's resource
--   "wait", due_ms                          come back with "timer_fired"
--   "retry", due_ms, retrier (1-based)      come back with "retry"
--   "parallel", input (value)               run the branches
--   "map", items (value), limit, run (value)
--                                           run the processor for each item;
--                                           run: as lua/asl/map_run.lua says,
--                                           nil if inline; items nil: read them
