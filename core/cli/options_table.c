/*
 * options_table.c - every command and every option, once. See options.h.
 */
#include "options.h"

#define RUN WF_COMMAND_RUN
#define SERVE WF_COMMAND_SERVE
#define START WF_COMMAND_START
#define LIST WF_COMMAND_LIST
#define SEARCH WF_COMMAND_SEARCH
#define SHOW WF_COMMAND_SHOW
#define HISTORY WF_COMMAND_HISTORY
#define CHECK WF_COMMAND_CHECK
#define GRAPH WF_COMMAND_GRAPH
#define EVAL WF_COMMAND_EVAL
#define STOP WF_COMMAND_STOP
#define REDRIVE WF_COMMAND_REDRIVE
#define SEND WF_COMMAND_SEND
#define VALIDATE WF_COMMAND_VALIDATE
#define MACHINES WF_COMMAND_MACHINES
#define CREATE WF_COMMAND_CREATE
#define UPDATE WF_COMMAND_UPDATE
#define DELETE WF_COMMAND_DELETE
#define PUBLISH WF_COMMAND_PUBLISH
#define VERSIONS WF_COMMAND_VERSIONS
#define ALIASES WF_COMMAND_ALIASES
#define ALIAS WF_COMMAND_ALIAS
#define MAP_RUNS WF_COMMAND_MAP_RUNS
#define STATS WF_COMMAND_STATS
#define BACKUP WF_COMMAND_BACKUP
#define SCHEDULE WF_COMMAND_SCHEDULE
#define TEST_STATE WF_COMMAND_TEST_STATE
#define VERIFY WF_COMMAND_VERIFY
#define WORKER WF_COMMAND_WORKER
#define PAUSE WF_COMMAND_PAUSE
#define RESUME WF_COMMAND_RESUME
#define ENGINE (RUN | SERVE)
#define FOUND (SEARCH | STOP | REDRIVE | PAUSE | RESUME)
#define CLIENT (START | LIST | SEARCH | SHOW | HISTORY | MAP_RUNS | STOP | \
                REDRIVE | MACHINES | CREATE | UPDATE | DELETE | PUBLISH | \
                VERSIONS | ALIASES | ALIAS | STATS | BACKUP | SCHEDULE | \
                SEND | PAUSE | RESUME)
#define ALL (ENGINE | CLIENT | WORKER | VALIDATE | TEST_STATE | CHECK)

#define EXECUTION "EXECUTION is an ARN, or STATE-MACHINE:NAME."

const struct wf_command wf_command_table[] = {
    {"run", RUN, WF_GROUP_LOCAL, "FILE",
     "run one workflow to its end with live progress",
     "FILE is a definition in the Amazon States Language (.asl.json). The "
     "output goes to stdout, progress to stderr: a live tree on a terminal, "
     "plain lines otherwise.\n"
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
     "the file of --keys again.",
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
    {"verify", VERIFY, WF_GROUP_SERVER, "",
     "say whether an audit log is whole",
     "Looks at every line of the log that --audit names: whether its hash is "
     "its own and whether it follows the line before. Prints how many lines "
     "there are and the last one's hash, which, kept elsewhere, shows later "
     "whether lines were cut off; or names the first line that does not fit, "
     "with status 1.",
     "verify --audit audit.log",
     0, 0},
    {"stats", STATS, WF_GROUP_SERVER, "",
     "say what a server is doing: counts and sizes",
     "Executions, transitions, tasks, memory, the store. GET /metrics gives "
     "the same and more to Prometheus.",
     "stats\n"
     "stats --json | jq .activeExecutions",
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
    {"redrive", REDRIVE, WF_GROUP_EXECUTIONS, "EXECUTION...",
     "let executions that have failed go on", EXECUTION " What has failed, was "
     "stopped or has timed out goes on where it was, with the same definition "
     "and input; what had been done stays done. Of Parallel and Map states "
     "only what is not done runs again. Prints the ARNs.\n"
     "With --search those that a search finds are redriven, and with --yes "
     "only: without --status FAILED, TIMED_OUT and ABORTED ones. See "
     "`moonstep help search`. It may be repeated.",
     "redrive order:order-7\n"
     "redrive order:order-7 && moonstep history order:order-7 --follow\n"
     "redrive --search --machine order --since 2h --yes",
     0, WF_ANY_NUMBER},
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

const struct wf_option wf_option_table[] = {
    /* ---- what to run ---- */
    {"input", "JSON|@FILE|-", "{}",
     "The execution's input: JSON text, @FILE to read a file, - for stdin.",
     RUN | START, WF_OPTION_TEXT, false},
    {"input", "JSON|@FILE|-", "{}",
     "The state's input: JSON text, @FILE to read a file, - for stdin.",
     TEST_STATE, WF_OPTION_TEXT, false},
    {"name", "NAME", NULL,
     "Name of the execution. Without it one is made up.",
     RUN | START, WF_OPTION_TEXT, false},
    {"machine", "NAME", NULL,
     "Name of the state machine. Without it, that of FILE without .asl.json.",
     RUN | START | CREATE | UPDATE, WF_OPTION_TEXT, false},
    {"publish", NULL, NULL,
     "Publish it as a version, too, and print that one's ARN.",
     CREATE | UPDATE, WF_OPTION_FLAG, false},
    {"description", "TEXT", NULL,
     "What is new in the version that is published.",
     CREATE | UPDATE | PUBLISH, WF_OPTION_TEXT, false},
    {"description", "TEXT", NULL, "What the alias is for.",
     ALIAS, WF_OPTION_TEXT, false},
    {"revision", "ID", NULL,
     "Publish only if this is the revision, see `moonstep machines --json`; "
     "INITIAL is the first one.",
     PUBLISH, WF_OPTION_TEXT, false},
    {"express", NULL, NULL,
     "A state machine of type EXPRESS: executions in memory only.",
     CREATE | VALIDATE, WF_OPTION_FLAG, false},
    {"profile", "native|aws", "native",
     "Whose rules: ours, or AWS's, which refuse our extensions and end "
     "executions at AWS's quotas (256 KiB of payload, 25,000 events).",
     ENGINE | VALIDATE | TEST_STATE, WF_OPTION_CHOICE, true},
    {"warnings-as-errors", NULL, NULL,
     "Exit with status 1 if there is a warning, too.",
     VALIDATE, WF_OPTION_FLAG, false},
    {"wait", NULL, NULL,
     "Wait until the execution has ended and print its output.",
     START, WF_OPTION_FLAG, false},
    {"virtual-time", NULL, NULL,
     "Let time jump to the next timer instead of passing: waits and retries "
     "take no time.",
     RUN, WF_OPTION_FLAG, false},
    {"seed", "N", NULL,
     "Make random numbers, names and UUIDs reproducible; with --virtual-time "
     "also the order in which everything happens.",
     RUN, WF_OPTION_NUMBER, false},
    {"progress", "auto|tree|lines|none", "auto",
     "How progress is shown on stderr: a live tree, plain lines, not at all; "
     "auto: a tree on a terminal, lines otherwise.",
     RUN, WF_OPTION_CHOICE, true},

    {"input", "JSON|@FILE|-", NULL,
     "What the expression is evaluated on: JSON text, a file, - for stdin. "
     "Without it, undefined.",
     EVAL, WF_OPTION_TEXT, false},
    {"bindings", "JSON|@FILE", NULL,
     "Variables by name: a JSON object.",
     EVAL, WF_OPTION_TEXT, false},
    {"query-language", "JSONata|JSONPath", "JSONata",
     "The language of the expression.",
     EVAL, WF_OPTION_CHOICE, false},
    {"jsonl", NULL, NULL,
     "Answer requests in JSON lines.",
     EVAL, WF_OPTION_FLAG, false},

    {"state", "NAME", NULL, "The state of a machine that is tested.",
     TEST_STATE, WF_OPTION_TEXT, false},
    {"level", "INFO|DEBUG|TRACE", "INFO",
     "How much is shown; TRACE shows what DEBUG does.",
     TEST_STATE, WF_OPTION_CHOICE, false},
    {"mock", "JSON|@FILE", NULL,
     "What the task, the branches or the iterations answer.",
     TEST_STATE, WF_OPTION_TEXT, false},
    {"error", "ERROR", NULL, "The error that they fail with instead.",
     TEST_STATE, WF_OPTION_TEXT, false},
    {"cause", "TEXT", NULL, "The cause that they fail with.",
     TEST_STATE, WF_OPTION_TEXT, false},
    {"validation", "STRICT|PRESENT|NONE", "STRICT",
     "How a mock is compared with the model of its service.",
     TEST_STATE, WF_OPTION_CHOICE, false},
    {"variables", "JSON|@FILE", NULL, "Variables by name: a JSON object.",
     TEST_STATE, WF_OPTION_TEXT, false},
    {"context", "JSON|@FILE", NULL,
     "With a mock: the context object in place of the usual one.",
     TEST_STATE, WF_OPTION_TEXT, false},
    {"retry-count", "N", NULL,
     "With a mock: how often the state has been tried again.",
     TEST_STATE, WF_OPTION_NUMBER, false},
    {"failure-count", "N", NULL,
     "With a mock: how many iterations of a Map have failed.",
     TEST_STATE, WF_OPTION_NUMBER, false},
    {"item-data", "TEXT|@FILE", NULL,
     "With a mock: what a Map's ItemReader reads.",
     TEST_STATE, WF_OPTION_TEXT, false},

    {"format", "svg|mermaid|dot|json", "svg", "How the picture is written.",
     GRAPH, WF_OPTION_CHOICE, false},
    {"output", "FILE", NULL, "Write to FILE instead of stdout.",
     GRAPH, WF_OPTION_TEXT, false},

    /* ---- schedules ---- */
    {"input", "JSON|@FILE|-", NULL,
     "The input of the executions, in which <aws.scheduler.scheduled-time> "
     "and the like are replaced. Without it, AWS's Scheduled Event.",
     SCHEDULE, WF_OPTION_TEXT, false},
    {"group", "NAME", NULL, "The schedule's group; without it \"default\".",
     SCHEDULE, WF_OPTION_TEXT, false},
    {"timezone", "ZONE", NULL,
     "The time zone of the expression, such as Europe/Berlin; without it UTC.",
     SCHEDULE, WF_OPTION_TEXT, false},
    {"description", "TEXT", NULL, "What it is for.",
     SCHEDULE, WF_OPTION_TEXT, false},
    {"window", "MINUTES", NULL,
     "Start at a random time in so many minutes after each slot.",
     SCHEDULE, WF_OPTION_NUMBER, false},
    {"missed", "SKIP|ONCE|ALL", NULL,
     "What becomes of slots that passed while no server ran. Without it, what "
     "the tag moonstep:missed of the group says, or else ONCE.",
     SCHEDULE, WF_OPTION_CHOICE, false},
    {"overlap", "ALLOW|SKIP|QUEUE", NULL,
     "What becomes of a slot while the execution before it runs. Without it, "
     "what the tag moonstep:overlap of the group says, or else ALLOW.",
     SCHEDULE, WF_OPTION_CHOICE, false},
    {"delete-after", NULL, NULL, "Delete it after its last slot.",
     SCHEDULE, WF_OPTION_FLAG, false},
    {"disabled", NULL, NULL, "Create it, but do not let it fire.",
     SCHEDULE, WF_OPTION_FLAG, false},
    {"next", "N", NULL, "How many slots to come are shown; without it 5.",
     SCHEDULE, WF_OPTION_NUMBER, false},

    /* ---- the server ---- */
    {"listen", "HOST:PORT", "127.0.0.1:8083",
     "Where to listen. Port 0 takes a free one.",
     SERVE, WF_OPTION_TEXT, true},

    {"keys", "FILE", NULL,
     "Keys that requests have to be signed with, as those to AWS are, on "
     "whatever address: a line "
     "for each, with access key id, secret and roles (admin, operator, "
     "starter, worker, viewer), and rate=N for at most N requests a second. "
     "Nobody else may be able to read or write the file. SIGHUP reads it "
     "again.",
     SERVE, WF_OPTION_TEXT, true},
    {"tls-cert", "FILE", NULL,
     "Serve HTTPS (TLS 1.2 and 1.3) with this certificate: PEM, with those "
     "that it was signed by.",
     SERVE, WF_OPTION_TEXT, true},
    {"tls-key", "FILE", NULL,
     "The private key of --tls-cert: PEM, without a passphrase.",
     SERVE, WF_OPTION_TEXT, true},
    {"audit", "FILE", NULL,
     "Log every call that changes something: who, what, how it ended. Calls "
     "are answered when their line is on the disk, and refused while there "
     "can be none. Lines are chained by hashes: see `moonstep verify`.",
     SERVE, WF_OPTION_TEXT, true},
    {"logs", "FILE", NULL,
     "Add what state machines log, as their loggingConfiguration says, to this "
     "file, one JSON object a line, whatever their log group; - is stdout. "
     "SIGHUP opens the file again. Without it nothing is logged.",
     SERVE, WF_OPTION_TEXT, true},
    {"audit", "FILE", NULL, "The audit log to look at.",
     VERIFY, WF_OPTION_TEXT, false},

    {"insecure", NULL, NULL,
     "Listen on addresses other than loopback, and let every user of the "
     "machine in: nobody is asked for credentials.",
     SERVE, WF_OPTION_FLAG, true},

    /* ---- the engine ---- */
    {"data", "DIR", NULL,
     "Directory of the durable store, created if missing. Without it the "
     "store is temporary.",
     RUN, WF_OPTION_TEXT, true},
    {"data", "DIR", "./.moonstep",
     "Directory of the durable store, created if missing. One engine at a "
     "time can use it.",
     SERVE, WF_OPTION_TEXT, true},
    {"data", "DIR", "./.moonstep", "Directory of the store to be read.",
     CHECK, WF_OPTION_TEXT, true},
    {"handlers", "DIR", NULL,
     "A directory of task handlers; may be given more than once. A resource "
     "lua:MODULE.FUNCTION is function FUNCTION of DIR/MODULE.lua.",
     ENGINE | WORKER | TEST_STATE, WF_OPTION_LIST, true},
    {"states", "DIR", NULL,
     "A directory of state types of your own; may be given more than once.",
     ENGINE | VALIDATE | TEST_STATE | WF_COMMAND_HELP, WF_OPTION_LIST, true},
    {"lambda-endpoint", "URL", NULL,
     "Where Lambda functions are invoked that are no handlers here, e.g. "
     "http://127.0.0.1:3001 of `sam local start-lambda`.",
     ENGINE | TEST_STATE, WF_OPTION_TEXT, true},
    {"service-endpoint", "SERVICE=URL", NULL,
     "Where an AWS service is that tasks call, e.g. "
     "sqs=http://127.0.0.1:9324; without SERVICE= it is the address of all "
     "services that have none of their own. May be given more than once. "
     "Requests are signed with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
     "and AWS_SESSION_TOKEN if there is one. A handler aws/SERVICE.lua with a "
     "function of the operation's name stands in for the service.",
     ENGINE | TEST_STATE, WF_OPTION_URLS, true},
    {"connections", "FILE", NULL,
     "The connections of HTTP Tasks with their secrets, JSON by name in "
     "EventBridge's form (docs/http-tasks.md). Nobody else may be able to read "
     "or write it. It is read for each call.",
     ENGINE | TEST_STATE, WF_OPTION_TEXT, true},
    {"http-allow", "CIDR", NULL,
     "A network that HTTP Tasks may call although it is private, loopback or "
     "link-local, e.g. 10.1.0.0/16. May be given more than once.",
     ENGINE | TEST_STATE, WF_OPTION_URLS, true},
    {"service-models", "DIR", NULL,
     "Models of AWS services that are not built in, or newer ones: a directory "
     "in the layout of botocore's data, SERVICE/VERSION/service-2.json or "
     ".json.gz. models/README.md lists the built-in ones.",
     ENGINE | TEST_STATE, WF_OPTION_TEXT, true},
    {"files", "DIR", NULL,
     "A directory whose files workflows may read and write, as data sets of "
     "distributed Maps: each directory in it is a bucket. May be given more "
     "than once; the first that has a bucket is used. It must not overlap the "
     "directories of data, handlers and states.",
     ENGINE, WF_OPTION_LIST, true},
    {"s3-endpoint", "URL", NULL,
     "Where buckets are that no directory of --files has, e.g. "
     "https://s3.eu-west-1.amazonaws.com. Requests are signed with "
     "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN if "
     "there is one.",
     ENGINE, WF_OPTION_TEXT, true},
    {"s3-region", "REGION", NULL,
     "The region that these requests are signed for; without it that of "
     "--region.",
     ENGINE, WF_OPTION_TEXT, true},
    {"workers", "N", "0",
     "Number of worker processes that run handlers; 0: one for each core.",
     ENGINE | WORKER, WF_OPTION_NUMBER, true},
    {"journal-bytes", "SIZE", "48M",
     "Budget of the journal: how much there may be to read after a crash.",
     ENGINE, WF_OPTION_BYTES, true},
    {"memory-bytes", "SIZE", "256M",
     "Budget for active executions. Above it idle ones leave memory at once, "
     "and new ones are refused while none can.",
     ENGINE, WF_OPTION_BYTES, true},
    {"payload-bytes", "SIZE", "64M",
     "Largest input or output of an execution, a state or a task.",
     ENGINE | TEST_STATE, WF_OPTION_BYTES, true},
    {"retention-days", "N", "90",
     "Executions that ended so many days ago are removed; 0: none are. The tag "
     "moonstep:retention-days of a state machine says the same for its own.",
     SERVE, WF_OPTION_NUMBER, true},
    {"store-bytes", "SIZE", "0",
     "Largest size of the store; 0: as large as the disk allows.",
     ENGINE, WF_OPTION_BYTES, true},
    {"idle-ms", "N", "3000",
     "Milliseconds after which an idle execution leaves memory.",
     ENGINE, WF_OPTION_NUMBER, true},
    {"region", "REGION", "us-east-1", "The region in ARNs.",
     ENGINE | CLIENT | WORKER | TEST_STATE, WF_OPTION_TEXT, true},
    {"account", "ID", "000000000000", "The account in ARNs.",
     ENGINE | CLIENT | WORKER | TEST_STATE, WF_OPTION_TEXT, true},
    {"lua-directory", "DIR", NULL,
     "For development: read lua/ and states/ from this source tree instead "
     "of the built-in ones.",
     ENGINE | WORKER | VALIDATE | TEST_STATE | WF_COMMAND_HELP | GRAPH | EVAL,
     WF_OPTION_TEXT, true},

    /* ---- the client ---- */
    {"endpoint", "URL", "http://127.0.0.1:8083", "Address of the server.",
     CLIENT | WORKER, WF_OPTION_TEXT, true},
    {"endpoint", "URL", NULL,
     "A server that is asked instead of an engine of its own.",
     TEST_STATE, WF_OPTION_TEXT, true},
    {"activity", "ARN[=MODULE.FUNCTION]", NULL,
     "An activity whose tasks are worked on, by its ARN or name; may be given "
     "more than once. Without a handler of its own, its name is the handler's.",
     WORKER, WF_OPTION_URLS, true},
    {"concurrency", "N", "10",
     "How many tasks of each activity are worked on at a time.",
     WORKER, WF_OPTION_NUMBER, true},
    {"polls", "N", "4",
     "How many requests for tasks are open for each activity, at most 64.",
     WORKER, WF_OPTION_NUMBER, true},
    {"heartbeat", "SECONDS", "10",
     "While a handler runs a heartbeat is sent so often; it has to be less "
     "than the HeartbeatSeconds of the tasks. 0: handlers do it, with "
     "task:heartbeat().",
     WORKER, WF_OPTION_NUMBER, true},
    {"worker-name", "NAME", NULL,
     "What histories call this worker; without it HOST:PROCESS.",
     WORKER, WF_OPTION_TEXT, true},
    {"status", "STATUS", NULL,
     "Only executions with this status (RUNNING, SUCCEEDED, FAILED, "
     "TIMED_OUT, ABORTED).",
     LIST, WF_OPTION_TEXT, false},
    {"status", "STATUS", NULL,
     "Only executions with this status (RUNNING, SUCCEEDED, FAILED, "
     "TIMED_OUT, ABORTED); may be given more than once.",
     SEARCH | REDRIVE, WF_OPTION_LIST, false},
    {"since", "TIME", NULL, "Only those that started then, or later.",
     FOUND, WF_OPTION_TEXT, false},
    {"until", "TIME", NULL, "Only those that started before.",
     FOUND, WF_OPTION_TEXT, false},
    {"stopped-since", "TIME", NULL, "Only those that ended then, or later.",
     SEARCH | REDRIVE, WF_OPTION_TEXT, false},
    {"stopped-until", "TIME", NULL, "Only those that ended before.",
     SEARCH | REDRIVE, WF_OPTION_TEXT, false},
    {"name-prefix", "TEXT", NULL, "Only those whose name begins with this.",
     FOUND, WF_OPTION_TEXT, false},
    {"tag", "KEY[=VALUE]", NULL,
     "Only those of state machines with this tag.",
     FOUND, WF_OPTION_TEXT, false},
    {"where", "CONDITION", NULL,
     "Only those of which this is true: {% JSONata %}, or a rule of a Choice "
     "state.",
     FOUND, WF_OPTION_TEXT, false},
    {"search", NULL, NULL,
     "All that a search finds; --machine says of which state machine.",
     STOP | REDRIVE, WF_OPTION_FLAG, false},
    {"map-run", "ARN", NULL, "The child executions of this Map Run.",
     LIST, WF_OPTION_TEXT, false},
    {"max", "N", "100", "Stop after so many; 0: no limit.",
     LIST | SEARCH | HISTORY | MAP_RUNS | MACHINES | VERSIONS | ALIASES,
     WF_OPTION_NUMBER, false},
    {"reverse", NULL, NULL, "Newest events first.",
     HISTORY, WF_OPTION_FLAG, false},
    {"follow", NULL, NULL,
     "Go on with events as they come, until the execution ends.",
     HISTORY, WF_OPTION_FLAG, false},
    {"error", "ERROR", NULL, "The error that the stopped execution gets.",
     STOP, WF_OPTION_TEXT, false},
    {"cause", "TEXT", NULL, "The cause that the stopped execution gets.",
     STOP, WF_OPTION_TEXT, false},
    {"output", "JSON|@FILE|-", "{}",
     "What the task has as its result: JSON text, @FILE to read a file, - for "
     "stdin.",
     SEND, WF_OPTION_TEXT, false},
    {"error", "ERROR", NULL, "The error with which the task fails.",
     SEND, WF_OPTION_TEXT, false},
    {"cause", "TEXT", NULL, "The cause of that.",
     SEND, WF_OPTION_TEXT, false},
    {"all", NULL, NULL,
     "Stop all running executions of the state machine --machine.",
     STOP, WF_OPTION_FLAG, false},
    {"machine", "STATE-MACHINE", NULL,
     "The state machine of --all, or of --search: an ARN or a name.",
     STOP | REDRIVE | PAUSE | RESUME, WF_OPTION_TEXT, false},
    {"reason", "TEXT", NULL, "Why: descriptions show it while it is paused.",
     PAUSE, WF_OPTION_TEXT, false},
    {"new-only", NULL, NULL,
     "Of a state machine: executions that run now go on.",
     PAUSE, WF_OPTION_FLAG, false},
    {"yes", NULL, NULL, "Do it: --all and --search do nothing without this.",
     STOP | REDRIVE | PAUSE | RESUME, WF_OPTION_FLAG, false},
    {"definition", NULL, NULL, "Print the definition alone.",
     MACHINES, WF_OPTION_FLAG, false},
    {"json", NULL, NULL,
     "Print JSON: the server's answers, one a line; the events of a history "
     "that is followed, one a line; the findings of a file, one file a line.",
     CLIENT | VALIDATE | TEST_STATE, WF_OPTION_FLAG, false},
    {"json", NULL, NULL, "Print one JSON object.",
     CHECK, WF_OPTION_FLAG, false},

    /* ---- everywhere ---- */
    {"config", "FILE", NULL,
     "Read settings from FILE, lines of `name = value`; see `moonstep help "
     "config`. Also MOONSTEP_CONFIG.",
     ALL, WF_OPTION_TEXT, false},
    {"help", NULL, NULL, "Show this help.",
     ALL | GRAPH | EVAL | VERIFY | WF_COMMAND_VERSION | WF_COMMAND_HELP,
     WF_OPTION_FLAG, false},
    {.name = NULL},
};
