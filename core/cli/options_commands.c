/* options_commands.c - every command, once. See options.h. */
#include "options_bits.h"

#define EXECUTION "EXECUTION is an ARN, or STATE-MACHINE:NAME."

const struct wf_command wf_command_table[] = {
    {"new", WF_COMMAND_NEW, WF_GROUP_LOCAL, "NAME",
     "make a project to begin with",
     "Makes the directory NAME with NAME.lua in it: a workflow in Lua that "
     "runs, to be changed into yours. A file that is there is left alone.",
     "new nightly", 1, 1},
    {"run", RUN, WF_GROUP_LOCAL, "FILE",
     "run one workflow to its end with live progress",
     "FILE is a definition in the Amazon States Language (.asl.json) or a "
     "workflow in Lua (.lua). The output goes to stdout, progress to stderr: a "
     "live tree on a terminal, plain lines otherwise.\n"
     "Handlers of resources such as lua:hello.greet are looked for in the "
     "directories given with --handlers; without any, in handlers/ beside "
     "FILE if it exists.\n"
     "Without --data the run is kept in a temporary store that is removed at "
     "the end. With --data and --name, a run that was interrupted (Ctrl-C, "
     "kill -9, power) continues where it was when the same command is given "
     "again; one that has ended shows its result again.\n"
     "Ctrl-C stops: what has been done is kept, and the command that goes on "
     "is shown. A second Ctrl-C ends at once.",
     "run order.asl.json --input '{\"id\": 7}'\n"
     "run nightly.asl.json --virtual-time --seed 1",
     1, 1},
    {"validate", VALIDATE, WF_GROUP_LOCAL, "FILE...",
     "say what is wrong with definitions",
     "Needs no server. FILE may be a directory: then all *.asl.json in it and "
     "below it are checked; - is stdin. Each finding has its line and column, "
     "the place in the source, AWS's code and location, and a hint where "
     "there is one. Warnings do not make a definition invalid, unless "
     "--warnings-as-errors is given; remarks (info) never do.",
     "validate order.asl.json\n"
     "validate --json workflows/ | jq .diagnostics",
     1, WF_ANY_NUMBER},
    {"test-state", TEST_STATE, WF_GROUP_LOCAL, "FILE",
     "run one state of a definition, with or without mocks",
     "FILE is the definition of a state, or of a machine: then --state names "
     "one of its states, also one inside a Parallel or Map; without it the "
     "first is taken. - reads it from stdin. No execution is started and "
     "nothing is stored. A Task is really run, by a handler or as a Lambda "
     "function, unless --mock or --error stands for its answer; Parallel, Map "
     "and tasks that wait for more than a response need one of them.\n"
     "The state's output goes to stdout; what became of it, and with --level "
     "DEBUG what each stage of the data flow made, to stderr. The exit status "
     "is 1 if the state failed or would be tried again.\n"
     "Without --endpoint an engine is started for this alone, with handlers/ "
     "beside FILE if --handlers is not given.",
     "test-state order.asl.json --state Price --input '{\"id\": 7}'\n"
     "test-state order.asl.json --state Pay --mock '{\"paid\": true}'\n"
     "test-state order.asl.json --state Pay --error Refused --level DEBUG",
     1, 1},
    {"graph", GRAPH, WF_GROUP_LOCAL, "FILE",
     "draw a definition: SVG, Mermaid, DOT or JSON",
     "FILE is a definition in the Amazon States Language; - reads it from "
     "stdin. It may be unfinished: targets that are missing are shown. The "
     "picture goes to stdout. json gives the layout itself: where every node "
     "and every line is.",
     "graph order.asl.json >order.svg\n"
     "graph order.asl.json --format mermaid",
     1, 1},
    {"eval", EVAL, WF_GROUP_LOCAL, "[EXPRESSION]",
     "evaluate a JSONata or JSONPath expression",
     "Prints the result as JSON; nothing if it is undefined. EXPRESSION is "
     "without the {% %} that it has in a definition.\n"
     "With --jsonl, requests are read from stdin, one a line: {\"id\", "
     "\"expr\", \"data\", \"bindings\", \"timelimit\", \"depth\"}; each is "
     "answered with a line {\"id\", \"result\"}, {\"id\", \"undefined\"} or "
     "{\"id\", \"error\"}.",
     "eval '$sum(items.price)' --input @order.json\n"
     "eval '$n + 1' --bindings '{\"n\": 1}'",
     0, 1},
    {"serve", SERVE, WF_GROUP_SERVER, "", "serve the Step Functions API",
     "Speaks the API of AWS Step Functions (AWS JSON 1.0 over HTTP). Point "
     "an SDK or the aws command line at it with --endpoint-url. SIGTERM and "
     "SIGINT stop it; executions continue at the next start. SIGHUP reads "
     "the files of --keys, --triggers and --logs-headers again and opens that "
     "of --logs anew.",
     "serve --data /var/lib/moonstep --handlers handlers\n"
     "serve --keys keys --audit audit.log\n"
     "serve --listen 127.0.0.1:0",
     0, 0},
    {"worker", WORKER, WF_GROUP_SERVER, "",
     "run handlers as workers of activities",
     "Polls activities of any Step Functions endpoint, of AWS's too, and runs "
     "the handlers of --handlers for their tasks, in worker processes as a "
     "server does. An activity's name says which handler: orders.price is "
     "function price of orders.lua; ARN=MODULE.FUNCTION gives another one. "
     "What the handler returns is sent as the task's success, its error as "
     "the failure, and heartbeats while it runs.\n"
     "If the endpoint can't be reached, it is tried until it can; answers are "
     "sent until they have arrived. SIGTERM and SIGINT end the polls; handlers "
     "that run have 30 seconds, and the tasks of those that need longer fail "
     "with Moonstep.WorkerStopped. A second signal ends at once.\n"
     "Requests are signed with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
     "and AWS_SESSION_TOKEN if there is one, for the region of the ARN.",
     "worker --activity orders.price --handlers handlers\n"
     "worker --endpoint $url --activity $arn=orders.price --handlers lua",
     0, 0},
    {"verify", VERIFY, WF_GROUP_SERVER, "[HASHES]",
     "say whether histories, or an audit log, were altered",
     "Makes the hashes of all histories of the store in --data anew, and names "
     "executions and events that were altered, with status 1; needs no "
     "server. Prints a line for each execution: kept elsewhere, they are the "
     "HASHES of a later run, which says what is not as it was.\n"
     "With --audit, looks at every line of an audit log instead: whether its "
     "hash is its own and whether it follows the line before. Prints how many "
     "lines there are and the last one's hash, to be kept elsewhere, too.",
     "verify --data backup >hashes\n"
     "verify --audit audit.log",
     0, 1},
    {"stats", STATS, WF_GROUP_SERVER, "",
     "say what a server is doing: counts and sizes",
     "Executions, transitions, tasks, memory, the store. GET /metrics gives "
     "the same and more to Prometheus.",
     "stats\n"
     "stats --json | jq .activeExecutions",
     0, 0},
    {"top", TOP, WF_GROUP_SERVER, "",
     "watch what a server is doing",
     "How much it does a second, what waits, and the executions that run, each "
     "with its state and what it waits for; drawn again every --interval "
     "seconds until Ctrl-C. Where stdout is no terminal, one picture.",
     "top\n"
     "top --interval 10\n"
     "top --once | head -7",
     0, 0},
    {"triggers", TRIGGERS, WF_GROUP_SERVER, "",
     "list webhooks and watched directories",
     "Those of the server's --triggers: what they start, how often they have "
     "since the server's start, how often a request or file was known already "
     "or was refused, and why the last was.",
     "triggers\n"
     "triggers --json | jq '.triggers[] | select(.failed > 0)'",
     0, 0},
    {"backup", BACKUP, WF_GROUP_SERVER, "DIRECTORY",
     "copy a server's store while it works",
     "The copy is made by the server, on its machine, in a new directory; it "
     "is complete and on the disk when this command ends, and prints the "
     "directory's path. It has everything that was acknowledged before the "
     "command ended its work. `moonstep serve --data DIRECTORY` goes on from "
     "it: executions that were running run again from there, so do not serve "
     "a copy while the original runs unless that is what you want.",
     "backup /var/backups/moonstep-2026-01-31\n"
     "backup copy && moonstep serve --data copy --listen 127.0.0.1:0",
     1, 1},
    {"check", CHECK, WF_GROUP_SERVER, "",
     "say whether a store is whole; changes nothing",
     "Needs no server: reads every row of the store in --data and follows what "
     "rows say of each other; while a server runs, as of its last checkpoint. "
     "A finding is a line: table, key, what is wrong and what that means; the "
     "exit status is 1 then. Rows that work cut short has left are counted.",
     "check --data /var/lib/moonstep\n"
     "check --data backup --json | jq .findings",
     0, 0},
    {"notifications", NOTIFICATIONS, WF_GROUP_SERVER, "[TARGET]",
     "show who is told of status changes, and dead letters",
     "Targets are those of the server's --notifications: how many events wait "
     "for each, how many were delivered, and why one was not. With TARGET, "
     "the dead letters of that one are listed, the oldest first: what was "
     "refused, or tried too often or too long. With --resend they are put at "
     "the end of its queue again, with --discard removed; both print how "
     "many.",
     "notifications\n"
     "notifications ops\n"
     "notifications ops --resend",
     0, 1},
    {"start", START, WF_GROUP_EXECUTIONS, "FILE|STATE-MACHINE",
     "start an execution, and with --wait await its end",
     "STATE-MACHINE is an ARN or a name, also with a version or an alias: "
     "order:7, order:PROD. A FILE (.json) is created on the server first, as "
     "a state machine named after it. Prints the execution's ARN; with --wait "
     "its output.",
     "start order --name order-7 --input @order.json\n"
     "start order.asl.json --wait",
     1, 1},
    {"list", LIST, WF_GROUP_EXECUTIONS, "[STATE-MACHINE]",
     "list the executions of a state machine, or of a Map Run",
     "STATE-MACHINE is an ARN or a name; with a version or an alias "
     "(order:PROD) those that were started with it. With --map-run ARN "
     "instead, the child executions of a Map Run are listed. The newest come "
     "first.",
     "list order --status FAILED\n"
     "list order --json --max 0",
     0, 1},
    {"search", SEARCH, WF_GROUP_EXECUTIONS, "[STATE-MACHINE]",
     "find executions of one state machine, or of all",
     "STATE-MACHINE is as of list. --where is a condition on {name, status, "
     "startDate, stopDate, input, output, error, cause}: {% JSONata %}, or "
     "JSON, a rule of a Choice state. Times are UTC, 2026-01-31T12:00:00, or "
     "so long ago: 90s, 30m, 2h, 7d. The newest come first. Child executions "
     "of Map Runs are not searched.",
     "search order --status FAILED --since 2h\n"
     "search --where '{% error = \"Refused\" and input.total > 100 %}'",
     0, 1},
    {"show", SHOW, WF_GROUP_EXECUTIONS, "EXECUTION",
     "show an execution: status, input, output", EXECUTION " The ARN of a Map "
     "Run shows that: its counts, limits and tolerance.",
     "show order:order-7", 1, 1},
    {"history", HISTORY, WF_GROUP_EXECUTIONS, "EXECUTION",
     "show the events of an execution, or follow them", EXECUTION "\n"
     "Events inside Parallel and Map states are indented; [3] is an "
     "iteration's number. With --follow events are printed as they become "
     "durable, until the execution ends, with the exit status of "
     "`moonstep start --wait`. If the server is restarted meanwhile, it goes "
     "on where it was: no event is missing and none comes twice. How far Map "
     "Runs are is told on stderr. Ctrl-C ends the following, not the "
     "execution.",
     "history order:order-7 --follow\n"
     "history order:order-7 --follow --json | jq -r .type",
     1, 1},
    {"map-runs", MAP_RUNS, WF_GROUP_EXECUTIONS, "EXECUTION",
     "list the Map Runs of an execution", EXECUTION " Each distributed Map "
     "state that the execution comes to starts one. How many items are done is "
     "shown of those that are known. The newest come first.",
     "map-runs import:import-7", 1, 1},
    {"stop", STOP, WF_GROUP_EXECUTIONS, "EXECUTION...",
     "stop running executions", EXECUTION " Prints the ARNs of those that it "
     "stopped. One that has ended already is left as it is: a note says how "
     "it ended. An unknown one is an error; the others are stopped all the "
     "same.\n"
     "With --all --machine NAME, all running executions of a state machine "
     "are stopped; because that can't be undone, it asks for --yes. With "
     "--search those that a search finds are, if they run: see "
     "`moonstep help search`. It may be repeated.",
     "stop order:order-7 --error Order.Cancelled --cause \"by customer\"\n"
     "stop --all --machine order --yes\n"
     "stop --search --where '{% input.shop = 7 %}' --until 2h --yes",
     0, WF_ANY_NUMBER},
    {"pause", PAUSE, WF_GROUP_EXECUTIONS, "EXECUTION|STATE-MACHINE...",
     "pause executions, or all of a state machine", EXECUTION " A paused "
     "execution begins nothing more: no state, no attempt of a task. What runs "
     "ends and is recorded, and timers wait; its own TimeoutSeconds does not. "
     "Prints the ARNs.\n"
     "Of a state machine that is paused, executions that are started wait "
     "until it is resumed; those that run are paused with it, unless "
     "--new-only says otherwise. With --search those that a search finds are "
     "paused, and with --yes only: see `moonstep help search`. It may be "
     "repeated.",
     "pause order:order-7 --reason \"asked the customer\"\n"
     "pause order --new-only --reason \"maintenance until noon\"",
     0, WF_ANY_NUMBER},
    {"resume", RESUME, WF_GROUP_EXECUTIONS, "EXECUTION|STATE-MACHINE...",
     "let what is paused go on", EXECUTION " A timer that came meanwhile fires "
     "at once. A state machine resumes the executions that were paused with "
     "it, and not those that were paused by themselves. With --search those "
     "that a search finds are resumed, and with --yes only. It may be "
     "repeated.",
     "resume order:order-7\nresume order",
     0, WF_ANY_NUMBER},
    {"signal", SIGNAL, WF_GROUP_EXECUTIONS, "EXECUTION NAME [JSON|@FILE|-]",
     "send a signal to a running execution", EXECUTION " A state whose "
     "resource is arn:aws:states:::moonstep:waitForSignal takes it, the one "
     "that has waited longest; until there is one, the execution keeps it. "
     "The JSON, "
     "{} if none is given, is the state's result.",
     "signal order:order-7 approved '{\"by\": \"ann\"}'",
     2, 3},
    {"vars", VARS, WF_GROUP_EXECUTIONS, "EXECUTION",
     "what a running execution is doing now, with its variables",
     EXECUTION " Every line of control (the execution, branches, iterations): "
     "its state, since when, the attempt, what it waits for, its input and its "
     "variables, of which the first 4 KiB are shown.",
     "vars order:order-7\nvars order:order-7 --json", 1, 1},
    {"redrive", REDRIVE, WF_GROUP_EXECUTIONS, "EXECUTION...",
     "let executions that have failed go on", EXECUTION " What has failed, was "
     "stopped or has timed out goes on where it was, with the same definition "
     "and input; what had been done stays done. Of Parallel and Map states "
     "only what is not done runs again. Prints the ARNs.\n"
     "With --search those that a search finds are redriven, and with --yes "
     "only: without --status FAILED, TIMED_OUT and ABORTED ones. See "
     "`moonstep help search`. It may be repeated.\n"
     "With --latest, --definition-revision, --from, --input or --set something "
     "is other than it was. What can't go on so is refused, with the reason; "
     "--dry-run only looks. The input and the variables are those of the state "
     "in which it goes on, which is entered once more.",
     "redrive order:order-7\n"
     "redrive order:order-7 && moonstep history order:order-7 --follow\n"
     "redrive order:order-7 --latest --from Price --set 'rate=0.19'\n"
     "redrive --search --machine order --since 2h --yes",
     0, WF_ANY_NUMBER},
    {"fork", FORK, WF_GROUP_EXECUTIONS, "EXECUTION EVENT",
     "start an execution that goes on from an event of another one",
     EXECUTION " The new one begins with the history of that, which may still "
     "run, up to EVENT, and goes on from there by itself; the other one stays "
     "as it is. EVENT is the number of an event with which a state is entered "
     "or left: `moonstep history` shows them. What was going on then is done "
     "again: tasks are scheduled anew. Prints the ARN.\n"
     "With --latest, --definition-revision, --from, --input or --set something "
     "is other than it was, as with `moonstep redrive`. What can't go on so is "
     "refused, with the reason; --dry-run only looks.",
     "fork order:order-7 12\n"
     "fork order:order-7 12 --name order-7-again --latest --wait\n"
     "fork order:order-7 12 --input @total.json --set 'rate=0.19' --dry-run",
     2, 2},
    {"send", SEND, WF_GROUP_EXECUTIONS, "success|failure|heartbeat TOKEN",
     "answer a task that waits for its token",
     "TOKEN is what the task has handed on ($$.Task.Token), or what a worker "
     "of an activity has got. The first answer counts; once `send` returns it "
     "is kept. A heartbeat begins HeartbeatSeconds again.",
     "send success \"$token\" --output '{\"approved\": true}'\n"
     "send failure \"$token\" --error Rejected --cause \"not this week\"",
     2, 2},
    {"machines", MACHINES, WF_GROUP_MACHINES, "[STATE-MACHINE]",
     "list the state machines, or show one",
     "STATE-MACHINE is an ARN or a name, also of a version (order:7): its "
     "description, and with --definition its definition alone, as it was "
     "given.",
     "machines\n"
     "machines order --definition >order.asl.json",
     0, 1},
    {"create", CREATE, WF_GROUP_MACHINES, "FILE",
     "create a state machine", "Prints its ARN. Creating the same again "
     "changes nothing; a changed definition is refused: see update.",
     "create order.asl.json\n"
     "create order.asl.json --machine order-test --express",
     1, 1},
    {"update", UPDATE, WF_GROUP_MACHINES, "FILE",
     "change the definition of a state machine", "Prints its ARN. Running "
     "executions keep the definition that they were started with.",
     "update order.asl.json",
     1, 1},
    {"delete", DELETE, WF_GROUP_MACHINES, "STATE-MACHINE",
     "delete a state machine, or a version of it", "STATE-MACHINE is an ARN "
     "or a name. No new execution can be started; those that run go on to "
     "their end. Its versions and aliases go with it. With a version "
     "(order:7) or an alias only that is deleted; a version to which an alias "
     "leads is not.",
     "delete order\n"
     "delete order:7",
     1, 1},
    {"publish", PUBLISH, WF_GROUP_MACHINES, "STATE-MACHINE",
     "make a version of a state machine as it is now", "Prints the version's "
     "ARN. A version has a number and never changes; publishing again without "
     "an update in between gives the same one.",
     "publish order --description \"with refunds\"\n"
     "start order:7",
     1, 1},
    {"versions", VERSIONS, WF_GROUP_MACHINES, "STATE-MACHINE",
     "list the versions of a state machine", "STATE-MACHINE is an ARN or a "
     "name. The newest come first.",
     "versions order",
     1, 1},
    {"aliases", ALIASES, WF_GROUP_MACHINES, "STATE-MACHINE",
     "list the aliases of a state machine", "STATE-MACHINE is an ARN or a "
     "name; of a version (order:7) those that lead to it. 7=90 8=10 means: "
     "90 % of the executions get version 7, 10 % version 8.",
     "aliases order",
     1, 1},
    {"alias", ALIAS, WF_GROUP_MACHINES,
     "ACTION NAME [VERSION[=WEIGHT]]...",
     "create, move, delete or show an alias",
     "ACTION is create, update, delete or show, NAME is STATE-MACHINE:ALIAS. "
     "An alias is a name for a version, or for two: then each execution gets "
     "one of them by chance, by their weights, which add up to 100. update "
     "changes what is given, the versions or the --description. create and "
     "update print the alias's ARN.",
     "alias create order:PROD 7\n"
     "alias update order:PROD 7=90 8=10\n"
     "start order:PROD",
     2, WF_ANY_NUMBER},
    {"schedule", SCHEDULE, WF_GROUP_MACHINES,
     "ACTION [ARGUMENT...]",
     "start executions at certain times",
     "ACTION is create, update, list, show, next, enable, disable or delete. "
     "create and update take NAME EXPRESSION STATE-MACHINE; show, enable, "
     "disable and delete take NAME; next takes an EXPRESSION, needs no "
     "server, and shows when it fires. NAME may be GROUP/NAME. EXPRESSION is "
     "at(yyyy-mm-ddThh:mm:ss), rate(N minutes|hours|days), or cron(minutes "
     "hours day-of-month month day-of-week year), as in EventBridge "
     "Scheduler. Times shown are UTC.",
     "schedule create nightly 'cron(30 2 * * ? *)' order --missed ALL\n"
     "schedule next 'cron(0 9 ? * MON#1 *)' --next 12\n"
     "schedule show nightly",
     1, 4},
    {"version", WF_COMMAND_VERSION, WF_GROUP_OTHER, "",
     "print the versions of all parts", "", "version", 0, 0},
    {"help", WF_COMMAND_HELP, WF_GROUP_OTHER, "[COMMAND|config|man|asl]",
     "explain a command, a type of states, or print the configuration",
     "help config prints the reference configuration, help man the manual "
     "page; help asl lists the "
     "types of states, those of --states too, and help asl NAME the fields "
     "of one.",
     "help history\nhelp config >moonstep.conf\nhelp asl Map", 0, 2},
    {.name = NULL},
};
