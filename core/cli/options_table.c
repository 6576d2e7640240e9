/* options_table.c - every option, once. See options.h. */
#include "options_bits.h"

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
     RUN | START | FORK, WF_OPTION_TEXT, false},
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
    {"asl", NULL, NULL,
     "Print the definition of a valid FILE: what a workflow in Lua compiles "
     "to.",
     VALIDATE, WF_OPTION_FLAG, false},
    {"wait", NULL, NULL,
     "Wait until the execution has ended and print its output.",
     START | FORK, WF_OPTION_FLAG, false},
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
    {"logs", "FILE|DIR/|URL", NULL,
     "Add what state machines log, as their loggingConfiguration says, to this "
     "file, one JSON object a line, whatever their log group; - is stdout. "
     "SIGHUP opens the file again. DIR/: to a file for each log group in that "
     "directory. http://... or https://...: lines are POSTed there in "
     "batches. Without it nothing is logged.",
     SERVE, WF_OPTION_TEXT, true},
    {"logs-headers", "FILE", NULL,
     "Headers for the URL of --logs, such as Authorization: NAME: VALUE, one a "
     "line. Nobody else may be able to read the file. SIGHUP reads it again.",
     SERVE, WF_OPTION_TEXT, true},
    {"log-format", "text|json", "text",
     "How the server says on stderr what happens to it: lines of text, or JSON "
     "objects with time, level and message.",
     SERVE, WF_OPTION_CHOICE, true},
    {"log-level", "info|notice|warning|error", "info",
     "Leave out what matters less, in both formats.",
     SERVE, WF_OPTION_CHOICE, true},
    {"notifications", "FILE", NULL,
     "Tell others of status changes of executions: HTTP endpoints and "
     "handlers, as this file of JSON says. It may hold secrets: nobody else "
     "may read it.",
     SERVE, WF_OPTION_TEXT, true},
    {"audit", "FILE", NULL, "The audit log to look at, instead of a store.",
     VERIFY, WF_OPTION_TEXT, false},

    {"triggers", "FILE", NULL,
     "Webhooks (POST /hooks/NAME) and watched directories, JSON "
     "(docs/triggers.md). Nobody else may be able to write it. SIGHUP reads "
     "it again.",
     SERVE, WF_OPTION_TEXT, true},
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
     CHECK | VERIFY, WF_OPTION_TEXT, true},
    {"handlers", "DIR", NULL,
     "A directory of task handlers; may be given more than once. A resource "
     "lua:MODULE.FUNCTION is function FUNCTION of DIR/MODULE.lua.",
     ENGINE | WORKER | TEST_STATE | VALIDATE | GRAPH, WF_OPTION_LIST, true},
    {"workflows", "DIR", NULL,
     "A directory of workflows, *.lua and *.asl.json: each is a state machine "
     "of its name, and a changed file makes a new revision. A directory of "
     "handlers, too; may be given more than once.",
     SERVE, WF_OPTION_LIST, true},
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
     ENGINE | CLIENT | WORKER | TEST_STATE | VALIDATE | GRAPH,
     WF_OPTION_TEXT, true},
    {"account", "ID", "000000000000", "The account in ARNs.",
     ENGINE | CLIENT | WORKER | TEST_STATE | VALIDATE | GRAPH,
     WF_OPTION_TEXT, true},
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
     STOP | REDRIVE | PAUSE | RESUME, WF_OPTION_FLAG, false},
    {"map-run", "ARN", NULL, "The child executions of this Map Run.",
     LIST, WF_OPTION_TEXT, false},
    {"resend", NULL, NULL, "Send the target's dead letters again.",
     NOTIFICATIONS, WF_OPTION_FLAG, false},
    {"discard", NULL, NULL, "Remove the target's dead letters.",
     NOTIFICATIONS, WF_OPTION_FLAG, false},
    {"max", "N", "100", "Stop after so many; 0: no limit.",
     NOTIFICATIONS, WF_OPTION_NUMBER, false},
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
    {"latest", NULL, NULL,
     "Go on with the latest definition of the state machine.",
     REDRIVE | FORK, WF_OPTION_FLAG, false},
    {"definition-revision", "ID", NULL,
     "Go on with this revision: its id, or the ARN of a version.",
     REDRIVE | FORK, WF_OPTION_TEXT, false},
    {"from", "STATE", NULL,
     "Go on from this state, which is not inside of another one; with the "
     "input and variables it was entered with last, if it ever was.",
     REDRIVE | FORK, WF_OPTION_TEXT, false},
    {"input", "JSON|@FILE|-", NULL,
     "The input of the state in which it goes on: JSON text, @FILE to read a "
     "file, - for stdin.",
     REDRIVE | FORK, WF_OPTION_TEXT, false},
    {"set", "NAME=JSON", NULL, "Give a variable this value; may be repeated.",
     REDRIVE | FORK, WF_OPTION_LIST, false},
    {"dry-run", NULL, NULL, "Only say whether it could go on, and where.",
     REDRIVE | FORK, WF_OPTION_FLAG, false},
    {"machine", "STATE-MACHINE", NULL,
     "The state machine of --all, or of --search: an ARN or a name.",
     STOP | REDRIVE | PAUSE | RESUME, WF_OPTION_TEXT, false},
    {"reason", "TEXT", NULL, "Why: descriptions show it while it is paused.",
     PAUSE, WF_OPTION_TEXT, false},
    {"id", "ID", NULL,
     "Sent again with the same ID, it is the same signal.",
     SIGNAL, WF_OPTION_TEXT, false},
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
     (CLIENT & ~TOP) | VALIDATE | TEST_STATE, WF_OPTION_FLAG, false},
    {"interval", "SECONDS", "2", "Between two looks.",
     TOP, WF_OPTION_NUMBER, false},
    {"once", NULL, NULL, "One picture, also on a terminal.",
     TOP, WF_OPTION_FLAG, false},
    {"json", NULL, NULL, "Print one JSON object.",
     CHECK, WF_OPTION_FLAG, false},

    /* ---- everywhere ---- */
    {"config", "FILE", NULL,
     "Read settings from FILE, lines of `name = value`; see `moonstep help "
     "config`. Also MOONSTEP_CONFIG.",
     ALL, WF_OPTION_TEXT, false},
    {"help", NULL, NULL, "Show this help.",
     ALL | GRAPH | EVAL | VERIFY | WF_COMMAND_NEW | WF_COMMAND_VERSION |
         WF_COMMAND_HELP,
     WF_OPTION_FLAG, false},
    {.name = NULL},
};
