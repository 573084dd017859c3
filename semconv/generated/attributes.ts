// Generated from semconv/registry by `npm run generate`. Do not edit.

/** Wall clock minus monotonic clock when the session started, in nanoseconds, as a decimal string (it exceeds 2^53). */
export const ATTR_WAYWARD_CLOCK_OFFSET = 'wayward.clock.offset' as const

/** How far the wall clock has been set since the session began, in nanoseconds; negative if back. */
export const ATTR_WAYWARD_CLOCK_SHIFT = 'wayward.clock.shift' as const

/** The clock that durations are measured with. */
export const ATTR_WAYWARD_CLOCK_SOURCE = 'wayward.clock.source' as const

/** CLOCK_MONOTONIC. */
export const WAYWARD_CLOCK_SOURCE_VALUE_MONOTONIC = 'monotonic' as const

/** CLOCK_BOOTTIME. */
export const WAYWARD_CLOCK_SOURCE_VALUE_BOOTTIME = 'boottime' as const

/** CLOCK_REALTIME. */
export const WAYWARD_CLOCK_SOURCE_VALUE_REALTIME = 'realtime' as const

/** Largest error of the offset, in nanoseconds. */
export const ATTR_WAYWARD_CLOCK_UNCERTAINTY = 'wayward.clock.uncertainty' as const

/** What the reporting task was in the middle of, the zones that it ran in and the locks that it held, the outermost first. */
export const ATTR_WAYWARD_CONTEXT_CHAIN = 'wayward.context.chain' as const

/** Number of a span or event within its process, counted from 1. */
export const ATTR_WAYWARD_EVENT_SEQUENCE = 'wayward.event.sequence' as const

/** Number of spans and events that were dropped. */
export const ATTR_WAYWARD_EVENTS_DROPPED_COUNT = 'wayward.events.dropped.count' as const

/** How many of the dropped were ends of operations that were reported as open. */
export const ATTR_WAYWARD_EVENTS_DROPPED_ENDED_COUNT = 'wayward.events.dropped.ended_count' as const

/** The smallest `wayward.event.sequence` among the dropped. */
export const ATTR_WAYWARD_EVENTS_DROPPED_FIRST_SEQUENCE = 'wayward.events.dropped.first_sequence' as const

/** The largest `wayward.event.sequence` among the dropped. */
export const ATTR_WAYWARD_EVENTS_DROPPED_LAST_SEQUENCE = 'wayward.events.dropped.last_sequence' as const

/** Why they were dropped. */
export const ATTR_WAYWARD_EVENTS_DROPPED_REASON = 'wayward.events.dropped.reason' as const

/** The export queue was full. */
export const WAYWARD_EVENTS_DROPPED_REASON_VALUE_QUEUE_FULL = 'queue_full' as const

/** The exporter gave up. */
export const WAYWARD_EVENTS_DROPPED_REASON_VALUE_EXPORT_FAILED = 'export_failed' as const

/** More operations were open than are followed: those are reported when they end, and not while they are open. */
export const WAYWARD_EVENTS_DROPPED_REASON_VALUE_OPEN_FULL = 'open_full' as const

/** The analyzer whose finding says most about it. */
export const ATTR_WAYWARD_FINDING_ANALYZER = 'wayward.finding.analyzer' as const

/** What changed. */
export const ATTR_WAYWARD_FINDING_CHANGE_TYPE = 'wayward.finding.change.type' as const

/** Something is wrong. */
export const WAYWARD_FINDING_CHANGE_TYPE_VALUE_OPENED = 'opened' as const

/** It is more severe than before. */
export const WAYWARD_FINDING_CHANGE_TYPE_VALUE_WORSE = 'worse' as const

/** It is found no more. */
export const WAYWARD_FINDING_CHANGE_TYPE_VALUE_CLOSED = 'closed' as const

/** Identity of a finding, from its opening to its close. */
export const ATTR_WAYWARD_FINDING_ID = 'wayward.finding.id' as const

/** What it is about, such as a lock, a queue, a job, a logger or the data themselves. */
export const ATTR_WAYWARD_FINDING_KIND = 'wayward.finding.kind' as const

/** How severe it is, from 0 to 100. */
export const ATTR_WAYWARD_FINDING_SEVERITY = 'wayward.finding.severity' as const

/** The way out. */
export const ATTR_WAYWARD_FINDING_SOLUTION = 'wayward.finding.solution' as const

/** The name of what it is about. */
export const ATTR_WAYWARD_FINDING_SUBJECT = 'wayward.finding.subject' as const

/** Number of the attempt within its run, from 1; on the run's span, how many attempts were made. */
export const ATTR_WAYWARD_JOB_ATTEMPT = 'wayward.job.attempt' as const

/** Largest number of attempts of a run. */
export const ATTR_WAYWARD_JOB_ATTEMPT_LIMIT = 'wayward.job.attempt.limit' as const

/** Number of the change, which grows within a job. */
export const ATTR_WAYWARD_JOB_CHANGE_SEQUENCE = 'wayward.job.change.sequence' as const

/** What changed. */
export const ATTR_WAYWARD_JOB_CHANGE_TYPE = 'wayward.job.change.type' as const

/** What is expected of the job. */
export const WAYWARD_JOB_CHANGE_TYPE_VALUE_DEFINED = 'defined' as const

/** A run started. */
export const WAYWARD_JOB_CHANGE_TYPE_VALUE_RUN_STARTED = 'run_started' as const

/** A run, or its job, gave a sign of life or a note. */
export const WAYWARD_JOB_CHANGE_TYPE_VALUE_RUN_NOTED = 'run_noted' as const

/** A run ended. */
export const WAYWARD_JOB_CHANGE_TYPE_VALUE_RUN_ENDED = 'run_ended' as const

/** A run goes on past its deadline. */
export const WAYWARD_JOB_CHANGE_TYPE_VALUE_RUN_OVERDUE = 'run_overdue' as const

/** A run has missed its heartbeat. */
export const WAYWARD_JOB_CHANGE_TYPE_VALUE_RUN_SILENT = 'run_silent' as const

/** A run that was due has not come in its grace. */
export const WAYWARD_JOB_CHANGE_TYPE_VALUE_SLOT_LATE = 'slot_late' as const

/** A run that was due did not come. */
export const WAYWARD_JOB_CHANGE_TYPE_VALUE_SLOT_MISSED = 'slot_missed' as const

/** The state of the job alone. */
export const WAYWARD_JOB_CHANGE_TYPE_VALUE_STATUS = 'status' as const

/** Somebody was told of a change, or could not be. */
export const WAYWARD_JOB_CHANGE_TYPE_VALUE_TOLD = 'told' as const

/** The sender's clock minus ours, in nanoseconds, where its times were put right by it. */
export const ATTR_WAYWARD_JOB_CLOCK_SKEW = 'wayward.job.clock.skew' as const

/** CPU time that the run took, user and system, in nanoseconds. */
export const ATTR_WAYWARD_JOB_CPU_TIME = 'wayward.job.cpu.time' as const

/** When the run must have ended, RFC 3339 with nanoseconds, UTC. */
export const ATTR_WAYWARD_JOB_DEADLINE = 'wayward.job.deadline' as const

/** What is expected of a job, as JSON. */
export const ATTR_WAYWARD_JOB_DEFINITION = 'wayward.job.definition' as const

/** When the run was due to start, RFC 3339 with nanoseconds, UTC. Lateness is start minus due time. */
export const ATTR_WAYWARD_JOB_DUE_TIME = 'wayward.job.due_time' as const

/** Exit code, where the job is a process. */
export const ATTR_WAYWARD_JOB_EXIT_CODE = 'wayward.job.exit_code' as const

/** What was wrong with the reports of a run, so that its times are to be read with care. */
export const ATTR_WAYWARD_JOB_FLAWS = 'wayward.job.flaws' as const

/** Identity of the job's definition, where it differs from its name. */
export const ATTR_WAYWARD_JOB_ID = 'wayward.job.id' as const

/** Bytes that the run read from disks. */
export const ATTR_WAYWARD_JOB_IO_READ = 'wayward.job.io.read' as const

/** Bytes that the run wrote to disks. */
export const ATTR_WAYWARD_JOB_IO_WRITTEN = 'wayward.job.io.written' as const

/** Most memory that the run had resident, in bytes. */
export const ATTR_WAYWARD_JOB_MEMORY_MAX = 'wayward.job.memory.max' as const

/** A short text about a run or a change, for people. */
export const ATTR_WAYWARD_JOB_MESSAGE = 'wayward.job.message' as const

/** Numbers that the run reported of itself, a JSON object of names and numbers. */
export const ATTR_WAYWARD_JOB_METRICS = 'wayward.job.metrics' as const

/** The job's name, of low cardinality. */
export const ATTR_WAYWARD_JOB_NAME = 'wayward.job.name' as const

/** What the run wrote, as far as it was kept. */
export const ATTR_WAYWARD_JOB_OUTPUT = 'wayward.job.output' as const

/** How much of a run is done, from 0 to 1. */
export const ATTR_WAYWARD_JOB_PROGRESS = 'wayward.job.progress' as const

/** When a change was reported or found, RFC 3339 with nanoseconds, UTC. */
export const ATTR_WAYWARD_JOB_RECEIVED_TIME = 'wayward.job.received_time' as const

/** The sender's identity of a report, by which it is known when it comes again. */
export const ATTR_WAYWARD_JOB_REPORT_ID = 'wayward.job.report.id' as const

/** How the run or attempt ended (the values of `cicd.pipeline.result`). */
export const ATTR_WAYWARD_JOB_RESULT = 'wayward.job.result' as const

/** It did what it should. */
export const WAYWARD_JOB_RESULT_VALUE_SUCCESS = 'success' as const

/** It ended without doing what it should. */
export const WAYWARD_JOB_RESULT_VALUE_FAILURE = 'failure' as const

/** It broke off with an error. */
export const WAYWARD_JOB_RESULT_VALUE_ERROR = 'error' as const

/** It was ended because it took too long. */
export const WAYWARD_JOB_RESULT_VALUE_TIMEOUT = 'timeout' as const

/** It was cancelled. */
export const WAYWARD_JOB_RESULT_VALUE_CANCELLATION = 'cancellation' as const

/** It was not run. */
export const WAYWARD_JOB_RESULT_VALUE_SKIP = 'skip' as const

/** Its end was never reported. */
export const WAYWARD_JOB_RESULT_VALUE_LOST = 'lost' as const

/** Identity of one run. */
export const ATTR_WAYWARD_JOB_RUN_ID = 'wayward.job.run.id' as const

/** The schedule, as written by its owner. */
export const ATTR_WAYWARD_JOB_SCHEDULE = 'wayward.job.schedule' as const

/** Time zone of the schedule (IANA name). */
export const ATTR_WAYWARD_JOB_SCHEDULE_TIMEZONE = 'wayward.job.schedule.timezone' as const

/** When the run was put on the schedule, RFC 3339 with nanoseconds, UTC. */
export const ATTR_WAYWARD_JOB_SCHEDULED_TIME = 'wayward.job.scheduled_time' as const

/** The words in which a run was reported over HTTP. Absent where the application reported it with the SDK. */
export const ATTR_WAYWARD_JOB_SOURCE = 'wayward.job.source' as const

/** `/api/jobs`. */
export const WAYWARD_JOB_SOURCE_VALUE_API = 'api' as const

/** `/logentry`. */
export const WAYWARD_JOB_SOURCE_VALUE_LOGENTRY = 'logentry' as const

/** `/ping`. */
export const WAYWARD_JOB_SOURCE_VALUE_HEALTHCHECKS = 'healthchecks' as const

/** `/p`. */
export const WAYWARD_JOB_SOURCE_VALUE_CRONITOR = 'cronitor' as const

/** Sentry's check-ins. */
export const WAYWARD_JOB_SOURCE_VALUE_SENTRY = 'sentry' as const

/** Nobody: time passed. */
export const WAYWARD_JOB_SOURCE_VALUE_CLOCK = 'clock' as const

/** The state of a job. */
export const ATTR_WAYWARD_JOB_STATUS = 'wayward.job.status' as const

/** Nothing was reported yet. */
export const WAYWARD_JOB_STATUS_VALUE_NEW = 'new' as const

/** The last run went well and none is due. */
export const WAYWARD_JOB_STATUS_VALUE_UP = 'up' as const

/** A run goes on. */
export const WAYWARD_JOB_STATUS_VALUE_RUNNING = 'running' as const

/** A run is due and has not come in its grace. */
export const WAYWARD_JOB_STATUS_VALUE_LATE = 'late' as const

/** More runs in a row went wrong than are tolerated. */
export const WAYWARD_JOB_STATUS_VALUE_FAILING = 'failing' as const

/** A run was due, did not come, and the next is due. */
export const WAYWARD_JOB_STATUS_VALUE_DOWN = 'down' as const

/** Nothing is expected of it now. */
export const WAYWARD_JOB_STATUS_VALUE_PAUSED = 'paused' as const

/** The state of the job before the change. */
export const ATTR_WAYWARD_JOB_STATUS_BEFORE = 'wayward.job.status.before' as const

/** Why the run was started. */
export const ATTR_WAYWARD_JOB_TRIGGER = 'wayward.job.trigger' as const

/** A calendar schedule. */
export const WAYWARD_JOB_TRIGGER_VALUE_CRON = 'cron' as const

/** A fixed interval. */
export const WAYWARD_JOB_TRIGGER_VALUE_INTERVAL = 'interval' as const

/** Something that happened. */
export const WAYWARD_JOB_TRIGGER_VALUE_EVENT = 'event' as const

/** A person. */
export const WAYWARD_JOB_TRIGGER_VALUE_MANUAL = 'manual' as const

/** A failed earlier run. */
export const WAYWARD_JOB_TRIGGER_VALUE_RETRY = 'retry' as const

/** The worker that ran it. */
export const ATTR_WAYWARD_JOB_WORKER_ID = 'wayward.job.worker.id' as const

/** What kind of operation a span or a snapshot stands for. */
export const ATTR_WAYWARD_KIND = 'wayward.kind' as const

/** A lock, from grant to release. */
export const WAYWARD_KIND_VALUE_LOCK_HOLD = 'lock_hold' as const

/** A request for a lock, from request to grant or to giving up. */
export const WAYWARD_KIND_VALUE_LOCK_WAIT = 'lock_wait' as const

/** The enqueueing of an item. */
export const WAYWARD_KIND_VALUE_QUEUE_ENQUEUE = 'queue_enqueue' as const

/** An item in a queue that has not been dequeued (snapshots only). */
export const WAYWARD_KIND_VALUE_QUEUE_WAIT = 'queue_wait' as const

/** The processing of an item, from dequeue to done. */
export const WAYWARD_KIND_VALUE_QUEUE_ITEM = 'queue_item' as const

/** One execution of a job. */
export const WAYWARD_KIND_VALUE_JOB_RUN = 'job_run' as const

/** One try within a run. */
export const WAYWARD_KIND_VALUE_JOB_ATTEMPT = 'job_attempt' as const

/** A stretch of work marked by hand. */
export const WAYWARD_KIND_VALUE_ZONE = 'zone' as const

/** A stretch in which nothing went on in a thread. */
export const WAYWARD_KIND_VALUE_PAUSE = 'pause' as const

/** A thread over its life. */
export const WAYWARD_KIND_VALUE_THREAD = 'thread' as const

/** An asynchronous task over its life. */
export const WAYWARD_KIND_VALUE_TASK = 'task' as const

/** Whether the request could not be granted at once. */
export const ATTR_WAYWARD_LOCK_CONTENDED = 'wayward.lock.contended' as const

/** How often the actor now holds this lock (1 unless the lock is recursive). */
export const ATTR_WAYWARD_LOCK_DEPTH = 'wayward.lock.depth' as const

/** Ids of the locks that the actor held when it asked for this one; of more than 32, so many, of each class the one taken last. */
export const ATTR_WAYWARD_LOCK_HELD = 'wayward.lock.held' as const

/** How many locks the actor held when it asked for this one, where `wayward.lock.held` does not name all. */
export const ATTR_WAYWARD_LOCK_HELD_COUNT = 'wayward.lock.held.count' as const

/** The task that held the lock when it was asked for. */
export const ATTR_WAYWARD_LOCK_HOLDER_TASK_ID = 'wayward.lock.holder.task.id' as const

/** The thread that held the lock when it was asked for. */
export const ATTR_WAYWARD_LOCK_HOLDER_THREAD_ID = 'wayward.lock.holder.thread.id' as const

/** Identity of one lock, unique within its scope and never reused. */
export const ATTR_WAYWARD_LOCK_ID = 'wayward.lock.id' as const

/** Where the lock had been asked for. */
export const ATTR_WAYWARD_LOCK_MISUSE_ASKED_SITE = 'wayward.lock.misuse.asked.site' as const

/** How often since it was told before. */
export const ATTR_WAYWARD_LOCK_MISUSE_COUNT = 'wayward.lock.misuse.count' as const

/** The task whose hold or request it is (`wayward.task.id`); who did it is `wayward.task.id` of the event. */
export const ATTR_WAYWARD_LOCK_MISUSE_OWNER = 'wayward.lock.misuse.owner' as const

/** What was done with a lock that locks are not made for. */
export const ATTR_WAYWARD_LOCK_MISUSE_RULE = 'wayward.lock.misuse.rule' as const

/** A hold was released that had been released before. */
export const WAYWARD_LOCK_MISUSE_RULE_VALUE_RELEASED_TWICE = 'released_twice' as const

/** A task released what another had got, of a lock that has an owner. */
export const WAYWARD_LOCK_MISUSE_RULE_VALUE_RELEASED_BY_OTHER = 'released_by_other' as const

/** A lock is gone, and was held. */
export const WAYWARD_LOCK_MISUSE_RULE_VALUE_NEVER_RELEASED = 'never_released' as const

/** A lock is gone, and was waited for. */
export const WAYWARD_LOCK_MISUSE_RULE_VALUE_GONE = 'gone' as const

/** A task ended, and still held it. */
export const WAYWARD_LOCK_MISUSE_RULE_VALUE_HELD_PAST_END = 'held_past_end' as const

/** Where it was done, as function, file and line. */
export const ATTR_WAYWARD_LOCK_MISUSE_SITE = 'wayward.lock.misuse.site' as const

/** Requested mode. */
export const ATTR_WAYWARD_LOCK_MODE = 'wayward.lock.mode' as const

/** No other holder. */
export const WAYWARD_LOCK_MODE_VALUE_EXCLUSIVE = 'exclusive' as const

/** Other shared holders are possible. */
export const WAYWARD_LOCK_MODE_VALUE_SHARED = 'shared' as const

/** The lock's class, of low cardinality; what people read and reports group by. */
export const ATTR_WAYWARD_LOCK_NAME = 'wayward.lock.name' as const

/** How often that was so since the event before of the same two classes. */
export const ATTR_WAYWARD_LOCK_ORDER_COUNT = 'wayward.lock.order.count' as const

/** Classes that were held besides each time so far, eight at most. A lock that is held at both of two steps lets only one task be there. */
export const ATTR_WAYWARD_LOCK_ORDER_GATES = 'wayward.lock.order.gates' as const

/** The class of the lock that was held. */
export const ATTR_WAYWARD_LOCK_ORDER_HELD_NAME = 'wayward.lock.order.held.name' as const

/** Whether it was held by readers only, each time so far. */
export const ATTR_WAYWARD_LOCK_ORDER_HELD_SHARED = 'wayward.lock.order.held.shared' as const

/** Where that lock was asked for, as far as it was looked at lately. */
export const ATTR_WAYWARD_LOCK_ORDER_HELD_SITE = 'wayward.lock.order.held.site' as const

/** What kind of lock it is, as `wayward.lock.type`. */
export const ATTR_WAYWARD_LOCK_ORDER_HELD_TYPE = 'wayward.lock.order.held.type' as const

/** Whether it was asked for by readers only, each time so far. */
export const ATTR_WAYWARD_LOCK_ORDER_SHARED = 'wayward.lock.order.shared' as const

/** Where the lock was asked for meanwhile, as far as it was looked at lately. */
export const ATTR_WAYWARD_LOCK_ORDER_SITE = 'wayward.lock.order.site' as const

/** Tasks that did so, two at most. */
export const ATTR_WAYWARD_LOCK_ORDER_TASKS = 'wayward.lock.order.tasks' as const

/** Number of permits asked for, for a semaphore. */
export const ATTR_WAYWARD_LOCK_PERMITS = 'wayward.lock.permits' as const

/** Within what the lock's id is unique and its holders exclude each other. */
export const ATTR_WAYWARD_LOCK_SCOPE = 'wayward.lock.scope' as const

/** One process. */
export const WAYWARD_LOCK_SCOPE_VALUE_PROCESS = 'process' as const

/** One host. */
export const WAYWARD_LOCK_SCOPE_VALUE_HOST = 'host' as const

/** Several hosts. */
export const WAYWARD_LOCK_SCOPE_VALUE_CLUSTER = 'cluster' as const

/** Longest wait that the requester accepts, in nanoseconds. */
export const ATTR_WAYWARD_LOCK_TIMEOUT = 'wayward.lock.timeout' as const

/** What kind of lock it is. */
export const ATTR_WAYWARD_LOCK_TYPE = 'wayward.lock.type' as const

/** One holder. */
export const WAYWARD_LOCK_TYPE_VALUE_MUTEX = 'mutex' as const

/** One writer or many readers. */
export const WAYWARD_LOCK_TYPE_VALUE_RWLOCK = 'rwlock' as const

/** A number of permits. */
export const WAYWARD_LOCK_TYPE_VALUE_SEMAPHORE = 'semaphore' as const

/** A mutex with conditions, as in Java. */
export const WAYWARD_LOCK_TYPE_VALUE_MONITOR = 'monitor' as const

/** A condition variable. */
export const WAYWARD_LOCK_TYPE_VALUE_CONDITION = 'condition' as const

/** A lock that waits by spinning. */
export const WAYWARD_LOCK_TYPE_VALUE_SPINLOCK = 'spinlock' as const

/** A lock on a file. */
export const WAYWARD_LOCK_TYPE_VALUE_FILE = 'file' as const

/** A row, table or advisory lock. */
export const WAYWARD_LOCK_TYPE_VALUE_DATABASE = 'database' as const

/** A lock shared by hosts. */
export const WAYWARD_LOCK_TYPE_VALUE_DISTRIBUTED = 'distributed' as const

/** Time from request to grant, in nanoseconds; on the hold span, 0 when granted at once. */
export const ATTR_WAYWARD_LOCK_WAIT_DURATION = 'wayward.lock.wait.duration' as const

/** How a wait ended. */
export const ATTR_WAYWARD_LOCK_WAIT_RESULT = 'wayward.lock.wait.result' as const

/** The lock was granted. */
export const WAYWARD_LOCK_WAIT_RESULT_VALUE_GRANTED = 'granted' as const

/** The requester gave up after its time-out. */
export const WAYWARD_LOCK_WAIT_RESULT_VALUE_TIMEOUT = 'timeout' as const

/** The request was cancelled. */
export const WAYWARD_LOCK_WAIT_RESULT_VALUE_CANCELLED = 'cancelled' as const

/** The lock was busy and the requester would not wait. */
export const WAYWARD_LOCK_WAIT_RESULT_VALUE_REFUSED = 'refused' as const

/** Number of requests that were waiting, this one not counted, when it was made. */
export const ATTR_WAYWARD_LOCK_WAITER_COUNT = 'wayward.lock.waiter.count' as const

/** The severity of a Metlog message as syslog counts it, from 0 (emergency) to 7 (debug). */
export const ATTR_WAYWARD_METLOG_SEVERITY = 'wayward.metlog.severity' as const

/** Who signed a Metlog message, where its signature was checked. */
export const ATTR_WAYWARD_METLOG_SIGNER = 'wayward.metlog.signer' as const

/** The type of a Metlog message, by which it is routed. */
export const ATTR_WAYWARD_METLOG_TYPE = 'wayward.metlog.type' as const

/** The UUID that the sender gave a Metlog message. */
export const ATTR_WAYWARD_METLOG_UUID = 'wayward.metlog.uuid' as const

/** The stats file that the values were read from. */
export const ATTR_WAYWARD_MMSTATS_FILE = 'wayward.mmstats.file' as const

/** The group that the writer of a stats file ran as. */
export const ATTR_WAYWARD_MMSTATS_GID = 'wayward.mmstats.gid' as const

/** The text of a field that holds no number; the value of its metric is 1. */
export const ATTR_WAYWARD_MMSTATS_TEXT = 'wayward.mmstats.text' as const

/** How long the operation has been open, in nanoseconds. */
export const ATTR_WAYWARD_OPERATION_AGE = 'wayward.operation.age' as const

/** Why no more is reported of an operation that may not have ended. Absent where it has ended. */
export const ATTR_WAYWARD_OPERATION_END_REASON = 'wayward.operation.end.reason' as const

/** Reporting was shut down while it was open. */
export const WAYWARD_OPERATION_END_REASON_VALUE_SHUTDOWN = 'shutdown' as const

/** More is open than is followed, and this gave its place to another. */
export const WAYWARD_OPERATION_END_REASON_VALUE_LEFT_OUT = 'left_out' as const

/** The lock or queue was collected by the garbage collector, so it can end no more. */
export const WAYWARD_OPERATION_END_REASON_VALUE_ABANDONED = 'abandoned' as const

/** The `wayward.event.sequence` that the span of a still open operation will carry. */
export const ATTR_WAYWARD_OPERATION_SEQUENCE = 'wayward.operation.sequence' as const

/** Time between two snapshots of an operation that stays open, in nanoseconds. */
export const ATTR_WAYWARD_OPERATION_SNAPSHOT_INTERVAL = 'wayward.operation.snapshot.interval' as const

/** When the open operation started, RFC 3339 with nanoseconds, UTC. */
export const ATTR_WAYWARD_OPERATION_START_TIME = 'wayward.operation.start_time' as const

/** How many operations of its class this one stands for, itself counted. Absent where it stands for itself. */
export const ATTR_WAYWARD_OPERATION_WEIGHT = 'wayward.operation.weight' as const

/** Why nothing went on in the thread. */
export const ATTR_WAYWARD_PAUSE_CAUSE = 'wayward.pause.cause' as const

/** The runtime collected garbage and stopped the thread for it. */
export const WAYWARD_PAUSE_CAUSE_VALUE_GARBAGE_COLLECTION = 'garbage_collection' as const

/** Something kept the event loop from its next turn, or the process got no processor. */
export const WAYWARD_PAUSE_CAUSE_VALUE_EVENTLOOP_STALL = 'eventloop_stall' as const

/** The machine slept. */
export const WAYWARD_PAUSE_CAUSE_VALUE_MACHINE_SLEEP = 'machine_sleep' as const

/** Largest number of items that may wait. */
export const ATTR_WAYWARD_QUEUE_CAPACITY = 'wayward.queue.capacity' as const

/** Largest number of items processed at a time. */
export const ATTR_WAYWARD_QUEUE_CONCURRENCY = 'wayward.queue.concurrency' as const

/** Identity of one queue, unique within its process. */
export const ATTR_WAYWARD_QUEUE_ID = 'wayward.queue.id' as const

/** Identity of one item within its queue. */
export const ATTR_WAYWARD_QUEUE_ITEM_ID = 'wayward.queue.item.id' as const

/** What kind of work the item is, of low cardinality. */
export const ATTR_WAYWARD_QUEUE_ITEM_NAME = 'wayward.queue.item.name' as const

/** How the processing of an item ended. */
export const ATTR_WAYWARD_QUEUE_ITEM_RESULT = 'wayward.queue.item.result' as const

/** It was processed. */
export const WAYWARD_QUEUE_ITEM_RESULT_VALUE_DONE = 'done' as const

/** Processing failed. */
export const WAYWARD_QUEUE_ITEM_RESULT_VALUE_FAILED = 'failed' as const

/** The queue's name, of low cardinality. */
export const ATTR_WAYWARD_QUEUE_NAME = 'wayward.queue.name' as const

/** The item's priority; larger goes first. */
export const ATTR_WAYWARD_QUEUE_PRIORITY = 'wayward.queue.priority' as const

/** Number of items that were waiting when this one was enqueued, this one not counted. */
export const ATTR_WAYWARD_QUEUE_SIZE = 'wayward.queue.size' as const

/** Time from enqueue to dequeue, in nanoseconds. */
export const ATTR_WAYWARD_QUEUE_WAIT_DURATION = 'wayward.queue.wait.duration' as const

/** Identity of one run of a reporting process (a UUID). */
export const ATTR_WAYWARD_SESSION_ID = 'wayward.session.id' as const

/** A name that a person gave to the run. */
export const ATTR_WAYWARD_SESSION_NAME = 'wayward.session.name' as const

/** How long the session has lasted, by its monotonic clock, in nanoseconds. */
export const ATTR_WAYWARD_SESSION_UPTIME = 'wayward.session.uptime' as const

/** Identity of an asynchronous task, unique within its process. */
export const ATTR_WAYWARD_TASK_ID = 'wayward.task.id' as const

/** Name of the task, of low cardinality. */
export const ATTR_WAYWARD_TASK_NAME = 'wayward.task.name' as const

/** The task that created this one. */
export const ATTR_WAYWARD_TASK_PARENT_ID = 'wayward.task.parent.id' as const

/** The source file. */
export const ATTR_CODE_FILE_PATH = 'code.file.path' as const

/** The function, fully qualified. */
export const ATTR_CODE_FUNCTION_NAME = 'code.function.name' as const

/** The line in the source file. */
export const ATTR_CODE_LINE_NUMBER = 'code.line.number' as const

/** Class of the error, of low cardinality; unset on success. */
export const ATTR_ERROR_TYPE = 'error.type' as const

/** The exception's message. */
export const ATTR_EXCEPTION_MESSAGE = 'exception.message' as const

/** The exception's stack. */
export const ATTR_EXCEPTION_STACKTRACE = 'exception.stacktrace' as const

/** The exception's class. */
export const ATTR_EXCEPTION_TYPE = 'exception.type' as const

/** The host's processor architecture. */
export const ATTR_HOST_ARCH = 'host.arch' as const

/** The host. */
export const ATTR_HOST_NAME = 'host.name' as const

/** The request's method. */
export const ATTR_HTTP_REQUEST_METHOD = 'http.request.method' as const

/** The response's status. */
export const ATTR_HTTP_RESPONSE_STATUS_CODE = 'http.response.status_code' as const

/** The request's route. */
export const ATTR_HTTP_ROUTE = 'http.route' as const

/** The broker's queue or topic. */
export const ATTR_MESSAGING_DESTINATION_NAME = 'messaging.destination.name' as const

/** create, send, receive, process or settle. */
export const ATTR_MESSAGING_OPERATION_TYPE = 'messaging.operation.type' as const

/** The broker. */
export const ATTR_MESSAGING_SYSTEM = 'messaging.system' as const

/** The operating system. */
export const ATTR_OS_TYPE = 'os.type' as const

/** The command that started the process. */
export const ATTR_PROCESS_COMMAND = 'process.command' as const

/** When the process started, RFC 3339. */
export const ATTR_PROCESS_CREATION_TIME = 'process.creation.time' as const

/** The process. */
export const ATTR_PROCESS_PID = 'process.pid' as const

/** The real user of the process. */
export const ATTR_PROCESS_REAL_USER_ID = 'process.real_user.id' as const

/** The runtime. */
export const ATTR_PROCESS_RUNTIME_NAME = 'process.runtime.name' as const

/** The runtime's version. */
export const ATTR_PROCESS_RUNTIME_VERSION = 'process.runtime.version' as const

/** One instance of the service. */
export const ATTR_SERVICE_INSTANCE_ID = 'service.instance.id' as const

/** The service. */
export const ATTR_SERVICE_NAME = 'service.name' as const

/** The service's version. */
export const ATTR_SERVICE_VERSION = 'service.version' as const

/** The thread; in Node, `worker_threads.threadId`. */
export const ATTR_THREAD_ID = 'thread.id' as const

/** The thread's name. */
export const ATTR_THREAD_NAME = 'thread.name' as const

/** The path of the request. */
export const ATTR_URL_PATH = 'url.path' as const

/** major, minor, incremental or weakcb. */
export const ATTR_V8JS_GC_TYPE = 'v8js.gc.type' as const
