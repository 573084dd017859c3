// Generated from the folders of the analyzers by `npm run generate`. Do not edit.

/** Of `blocked-by`: one row per lock name and type and name of its holder, the 1,000 most severe. */
export interface BlockedByRow {
  /** of the lock; of the holder where services share it */
  readonly service: string
  /** class of the lock */
  readonly lock_name: string
  /** mutex, rwlock, semaphore, ... */
  readonly lock_type: string
  /** name of the task that held it; tasks without one are one of their thread */
  readonly holder: string
  /** what it costs, see docs/analyzers/severity.md */
  readonly severity: number
  /** ns: how long others waited within the window while he held it, shared among holders of one moment */
  readonly blocked_ns: number
  /** blocked_ns of all the waiting for these locks */
  readonly share: number
  /** of all the waiting for these locks, what is charged to any holder; the rest nobody reported */
  readonly known_share: number
  /** 1 for the one who blocked most of this lock */
  readonly rank: number
  /** actors that he blocked on average while his service was observed */
  readonly blocked_mean: number
  /** waits that met one of his holds, once for each */
  readonly blocks: number
  /** actors that waited for him */
  readonly victims: number
  /** names of those who waited for him most, and how many milliseconds */
  readonly waiters: string
  /** ns: the longest that one wait met one of his holds */
  readonly longest_ns: number
  /** when that began */
  readonly longest_at: string
  /** waits that go on while he still holds it */
  readonly still_blocked: number
  /** ns: their ages together */
  readonly still_ns: number
  /** until when that is known, 1970 for up to now */
  readonly still_as_of: string
  /** ns: how long the hold of the longest block lasted, or had lasted when last reported */
  readonly hold_ns: number
  /** the span in which it was taken */
  readonly within: string
  /** spans that began during it, and how many milliseconds of it they took */
  readonly doing: string
  /** locks that the holder waited for meanwhile, and who held those, to the end */
  readonly chain: string
  /** ns: wall time in which a session of the service reported, within the window */
  readonly observed_ns: number
  /** id of its task */
  readonly hold_task: string
  /** its trace */
  readonly hold_trace_id: string
  /** its span */
  readonly hold_span_id: string
}

/** Of `convoy`: one row per service, lock name and type with a convoy, the most severe first. */
export interface ConvoyRow {
  /** service of the locks; several where the lock is one of a host or cluster */
  readonly service: string
  /** class of the lock */
  readonly lock_name: string
  /** mutex, rwlock, semaphore, ... */
  readonly lock_type: string
  /** what it costs, see docs/analyzers/severity.md */
  readonly severity: number
  /** stretches in which somebody always waited, at least two at once, and four or more were served */
  readonly convoys: number
  /** ns: the longest of them, within the window */
  readonly longest_ns: number
  /** when it began */
  readonly longest_at: string
  /** most that waited at once in it */
  readonly peak: number
  /** requests that were granted in it after a wait */
  readonly served: number
  /** requests that timed out or were cancelled in it */
  readonly gave_up: number
  /** tasks: how many waited on average in it */
  readonly queue_mean: number
  /** ns: time from one grant to the next in it, on average */
  readonly per_grant_ns: number
  /** 1 if it had not ended when last reported */
  readonly is_going_on: number
  /** until when that is known, 1970 for up to now */
  readonly as_of: string
  /** ns: how long all of them were, together */
  readonly convoy_ns: number
  /** convoy_ns of observed_ns */
  readonly share: number
  /** ns: how long all waited in them, together */
  readonly blocked_ns: number
  /** ns: wall time in which a session of the service reported, within the window */
  readonly observed_ns: number
  /** the lock of the longest */
  readonly lock_id: string
  /** trace of the longest wait in it */
  readonly trace_id: string
  /** its span */
  readonly span_id: string
}

/** Of `data-quality`: one row per service and trouble, the most severe first. */
export interface DataQualityRow {
  /** service.name; empty for what the collector refused */
  readonly service: string
  /** dropped, refused, silent, ends_lost, repeated, clock_set, clock_ahead or no_identity */
  readonly trouble: string
  /** how little answers can be believed for it, see docs/analyzers/severity.md */
  readonly severity: number
  /** items, requests, operations or sessions that it is about */
  readonly affected: number
  /** of so many, 0 unknown */
  readonly of_all: number
  /** affected of of_all */
  readonly affected_fraction: number
  /** sessions that it is about, 0 unknown */
  readonly sessions: number
  /** when it was last so, 1970 unknown */
  readonly last_at: string
  /** kinds of operations, reasons or an example, where there are such */
  readonly detail: string
}

/** Of `deadlock`: one row per state and set of lock names, the most severe first. */
export interface DeadlockRow {
  /** live: nobody has given up; resolved: somebody did; unknown: more waits than are looked at, so circles may be missing */
  readonly state: string
  /** names of the locks, in the order of the circle, each once */
  readonly locks: string
  /** what it costs, see docs/analyzers/severity.md */
  readonly severity: number
  /** tasks in the circle */
  readonly tasks: number
  /** who waits for which lock, held by the next, of the latest */
  readonly circle: string
  /** services of the tasks */
  readonly services: string
  /** sessions of the tasks */
  readonly sessions: number
  /** circles of these locks */
  readonly occurrences: number
  /** when the last of the tasks began to wait, of the latest */
  readonly since_at: string
  /** ns: how long the tasks waited in the circle, together, of all occurrences */
  readonly waited_ns: number
  /** timeout or cancelled: how the first wait of it ended, of the latest */
  readonly resolved_by: string
  /** when, 1970 if not */
  readonly resolved_at: string
  /** until when a live one is known, 1970 for up to now */
  readonly as_of: string
  /** other waits for the locks of the latest, at that time */
  readonly victims: number
  /** ns: how long these waited, together */
  readonly victims_ns: number
  /** when the first of the occurrences began */
  readonly first_at: string
  /** traces of the waits of the latest */
  readonly trace_ids: string
  /** spans of the waits of the latest */
  readonly span_ids: string
  /** waits of one for another that may be in circles and were not looked at */
  readonly left_out: number
}

/** Of `job-delay`: one row per late or slow run, the most severe first, at most 200. */
export interface JobDelayRow {
  /** service.name */
  readonly service: string
  /** name of the job */
  readonly job_name: string
  /** what it costs, see docs/analyzers/severity.md */
  readonly severity: number
  /** when the run started */
  readonly started_at: string
  /** when it was due, 1970 if unknown */
  readonly due_at: string
  /** how it ended, or running */
  readonly outcome: string
  /** ns: start minus due time, 0 if in time */
  readonly lateness_ns: number
  /** ns: how long the run took, up to the end of the window */
  readonly length_ns: number
  /** ns: median of the last 30 good runs before it, of the same weekday and hour (UTC) if there are five */
  readonly usual_ns: number
  /** ns: above this a run is slow: half as much again as nine of ten of them, 0 where fewer than five are known */
  readonly band_ns: number
  /** ns: lateness, and for a slow run what it took beyond the usual */
  readonly delay_ns: number
  /** ns: from the due time, or the start where it was in time, to the start, or to the end where it was slow */
  readonly looked_at_ns: number
  /** ns: of that: nothing of the service reported: it was down, or its machine asleep */
  readonly down_ns: number
  /** ns: the machine slept, as its process says */
  readonly asleep_ns: number
  /** ns: an earlier run of the job went on */
  readonly earlier_run_ns: number
  /** ns: its thread stood still for a garbage collection */
  readonly gc_ns: number
  /** ns: the event loop of its thread was blocked, by the run itself or by something else */
  readonly stall_ns: number
  /** ns: its item waited in a queue: no worker was free */
  readonly queue_ns: number
  /** ns: it waited for locks */
  readonly lock_ns: number
  /** ns: it waited for databases and other services (spans of kind client) */
  readonly call_ns: number
  /** ns: none of these */
  readonly unknown_ns: number
  /** the largest: down, asleep, earlier run, gc, stall, queue, lock, call or unknown */
  readonly main_cause: string
  /** the queue, the lock, the call or the kind of garbage collection of which most of it is */
  readonly main_name: string
  /** who held that lock for most of it */
  readonly main_holder: string
  /** its part of what was looked at */
  readonly main_fraction: number
  /** trace of the run */
  readonly trace_id: string
  /** its span */
  readonly span_id: string
}

/** Of `job-runs`: one row per service and job, the most severe first. */
export interface JobRunsRow {
  /** service.name */
  readonly service: string
  /** name of the job */
  readonly job_name: string
  /** what it costs, see docs/analyzers/severity.md */
  readonly severity: number
  /** hung, stopped, missed, doubled, overdue, failing, retried, ... that cost something, the dearest first */
  readonly causes: string
  /** runs that ended in the window, skipped ones not counted */
  readonly runs: number
  /** runs that started in the window, skipped ones not counted */
  readonly started: number
  /** runs that ended in failure, error or time-out */
  readonly failed: number
  /** failed of runs */
  readonly failed_fraction: number
  /** runs that were cancelled */
  readonly cancelled: number
  /** runs that were not made, and said so */
  readonly skipped: number
  /** runs that were not made, of a job with a rhythm, and nobody said so */
  readonly missed: number
  /** when the first of them was due, 1970 if none */
  readonly missed_at: string
  /** those of them after the last run */
  readonly stopped: number
  /** due times for which it ran more than once */
  readonly doubled: number
  /** runs later than grace_ns, a hundredth of the period and five times the usual lateness */
  readonly delayed: number
  /** those of them that started a whole period late or more */
  readonly slipped: number
  /** runs that had a due time */
  readonly due_runs: number
  /** runs past their deadline, ended or not */
  readonly overdue: number
  /** ns: longest run */
  readonly high_ns: number
  /** ns: shortest run */
  readonly low_ns: number
  /** ns: median run */
  readonly median_ns: number
  /** ns: 95th percentile of the runs */
  readonly p95_ns: number
  /** ns: sum of the runs within the window, running ones included */
  readonly sum_ns: number
  /** ns: median of start minus due time, 0 when early */
  readonly lateness_p50_ns: number
  /** ns: largest of the same */
  readonly lateness_max_ns: number
  /** ns: from one run to the next, 0 without a rhythm */
  readonly period_ns: number
  /** attempts beyond the first */
  readonly retries: number
  /** when the last run that has ended started; where none has, the last of all */
  readonly last_at: string
  /** how it ended */
  readonly last_result: string
  /** ns: how long it took */
  readonly last_ns: number
  /** class of the error of the last failed run */
  readonly last_error: string
  /** hour of the day (UTC) in which most runs started */
  readonly busiest_hour: number
  /** hour of the day (UTC) in which fewest runs started */
  readonly quietest_hour: number
  /** 24 numbers of runs started, by hour of the day (UTC) */
  readonly runs_by_hour: readonly number[]
  /** most runs at the same time, running ones included */
  readonly overlap_max: number
  /** the same within one session */
  readonly overlap_of_session: number
  /** runs that went on at the end of the window */
  readonly running: number
  /** ns: age of the oldest of them */
  readonly running_max_ns: number
  /** until when that is known, 1970 for up to now */
  readonly running_as_of: string
  /** ns: longest run that had ended, also before the window */
  readonly longest_before_ns: number
  /** runs whose end was lost */
  readonly ends_lost: number
  /** spans and events that the sessions of the service say they dropped */
  readonly dropped: number
  /** trace of the last failed run */
  readonly failed_trace_id: string
  /** its span */
  readonly failed_span_id: string
  /** trace of the run that started latest after its due time */
  readonly latest_trace_id: string
  /** its span */
  readonly latest_span_id: string
  /** trace of the longest run */
  readonly longest_trace_id: string
  /** its span */
  readonly longest_span_id: string
  /** trace of the oldest run that goes on */
  readonly running_trace_id: string
  /** its span */
  readonly running_span_id: string
}

/** Of `job-states`: one row per job in trouble, the most severe first. */
export interface JobStatesRow {
  /** service.name of its runs */
  readonly service: string
  /** name of the job */
  readonly job_name: string
  /** what it costs, see docs/analyzers/severity.md */
  readonly severity: number
  /** late, down or failing */
  readonly status: string
  /** since when */
  readonly since: string
  /** assertions that did not hold when the last run ended */
  readonly broken: string
  /** runs in a row that ended badly */
  readonly failures_in_row: number
  /** runs in a row that were due and did not come */
  readonly missed_in_row: number
  /** runs that go on */
  readonly open_runs: number
  /** those of them past their deadline, or silent */
  readonly overdue_runs: number
  /** how the last run ended, empty if none has */
  readonly last_result: string
  /** when, 1970 if none has */
  readonly last_at: string
  /** when the run was due that has not come, or the next, 1970 if none is */
  readonly due_at: string
}

/** Of `lock-contention`: one row per service, lock name and type, the most severe first. */
export interface LockContentionRow {
  /** service.name; several where the lock is one of a host or cluster */
  readonly service: string
  /** class of the lock */
  readonly lock_name: string
  /** mutex, rwlock, semaphore, ... */
  readonly lock_type: string
  /** what it costs, see docs/analyzers/severity.md */
  readonly severity: number
  /** locks of this name and type */
  readonly instances: number
  /** sessions that used them */
  readonly sessions: number
  /** requests: granted at once, granted later, given up, still waiting */
  readonly requests: number
  /** holds that have ended */
  readonly holds: number
  /** requests that were not granted at once, refused ones not counted */
  readonly contended: number
  /** contended of requests */
  readonly contended_fraction: number
  /** ns: median wait of the contended requests, still waiting ones with their age */
  readonly wait_p50_ns: number
  /** ns: 95th percentile of the same */
  readonly wait_p95_ns: number
  /** ns: 99th percentile of the same */
  readonly wait_p99_ns: number
  /** ns: shortest of the same */
  readonly wait_min_ns: number
  /** ns: longest of the same, also where it began before the window */
  readonly wait_max_ns: number
  /** ns: sum of the same within the window; may exceed wall time, as several wait at once */
  readonly wait_sum_ns: number
  /** ns: wall time within the window in which at least one waited */
  readonly waited_ns: number
  /** waited_ns of observed_ns */
  readonly waited_share: number
  /** actors: wait_sum_ns of observed_ns: how many waited on average */
  readonly blocked_mean: number
  /** actors: how many waited on average in the worst ten seconds */
  readonly blocked_worst: number
  /** when those ten seconds began */
  readonly worst_stretch_at: string
  /** most that waited for one lock at once */
  readonly waiters_max: number
  /** ns: mean hold */
  readonly hold_avg_ns: number
  /** ns: shortest hold */
  readonly hold_min_ns: number
  /** ns: 95th percentile of the holds */
  readonly hold_p95_ns: number
  /** ns: longest hold */
  readonly hold_max_ns: number
  /** ns: sum of the holds within the window */
  readonly hold_sum_ns: number
  /** of the busiest lock: permits held of permits there are, of observed_ns */
  readonly utilisation: number
  /** most permits of one lock that were held at once; 1 for a mutex */
  readonly permits: number
  /** grants to another actor than the one before */
  readonly bounces: number
  /** asynchronous tasks, or threads without one, that asked for or held it */
  readonly tasks: number
  /** threads that asked for or held it */
  readonly threads: number
  /** requests that gave up after their time-out */
  readonly timeouts: number
  /** requests that were cancelled */
  readonly cancelled: number
  /** requests that would not wait */
  readonly refused: number
  /** requests that had not ended when last reported */
  readonly still_waiting: number
  /** ns: age of the oldest of them */
  readonly still_waiting_max_ns: number
  /** ns: their ages together */
  readonly still_waiting_sum_ns: number
  /** until when that is known of the oldest, 1970 for up to now */
  readonly still_waiting_as_of: string
  /** holds that had not ended when last reported */
  readonly still_held: number
  /** waits and holds whose end was lost */
  readonly ends_lost: number
  /** ns: wall time in which a session of the service reported, within the window */
  readonly observed_ns: number
  /** the lock of the longest wait */
  readonly worst_lock_id: string
  /** when it was requested */
  readonly worst_at: string
  /** task that waited longest: name, else id */
  readonly worst_task: string
  /** trace of the longest wait */
  readonly worst_trace_id: string
  /** span of the longest wait */
  readonly worst_span_id: string
  /** task that held the lock when that request was made: name, else id */
  readonly holder_task: string
  /** ns: how long that hold lasted, or had lasted when last reported */
  readonly holder_hold_ns: number
  /** trace of that hold */
  readonly holder_trace_id: string
  /** span of that hold */
  readonly holder_span_id: string
}

/** Of `lock-graph`: one row per pair of lock names, the most frequent first. */
export interface LockGraphRow {
  /** name of the lock that was held */
  readonly held: string
  /** name of the lock that was asked for meanwhile */
  readonly asked: string
  /** services of the tasks */
  readonly services: string
  /** how often */
  readonly times: number
  /** how often it was not granted at once */
  readonly waits: number
  /** ns: how long the inner lock was then held within the window, together */
  readonly hold_ns: number
  /** pairs of locks of these names */
  readonly pairs: number
  /** tasks that did, of each pair at most 16 */
  readonly tasks: number
  /** one of them */
  readonly task: string
  /** ids of locks that were held besides each time */
  readonly gates: string
  /** 1 if the names are also taken the other way round, see lock-order */
  readonly both_ways: number
  /** when it was first so */
  readonly first_at: string
  /** when it was last so */
  readonly last_at: string
  /** trace of one */
  readonly trace_id: string
  /** its span */
  readonly span_id: string
}

/** Of `lock-misuse`: one row per rule and lock name and type that breaks it, the most severe first. */
export interface LockMisuseRow {
  /** service.name; several where the lock is one of a host or cluster */
  readonly service: string
  /** class of the lock */
  readonly lock_name: string
  /** mutex, rwlock, semaphore, ... */
  readonly lock_type: string
  /** self: a task asked for a lock that it held; two: two held what only one may hold; spinning: asked again at once; as told: released_twice, released_by_other, never_released, gone (while waited for), held_past_end */
  readonly rule: string
  /** what it costs, see docs/analyzers/severity.md */
  readonly severity: number
  /** self and spinning: requests; two: locks; as told: how often */
  readonly times: number
  /** self: requests that go on */
  readonly still: number
  /** ns: self: how long these requests waited, together; two: how long two held it at once */
  readonly cost_ns: number
  /** req/s: spinning: requests that were refused, per second in which any was */
  readonly rate: number
  /** tasks that did */
  readonly tasks: number
  /** one of them: name, else id */
  readonly task: string
  /** as told: where it was done, function, file and line, empty where that is not known */
  readonly site: string
  /** as told: where the lock had been asked for */
  readonly asked_site: string
  /** when it was first so */
  readonly first_at: string
  /** until when it is known that a request goes on, 1970 for up to now */
  readonly as_of: string
  /** one of the locks */
  readonly lock_id: string
  /** trace of one of them */
  readonly trace_id: string
  /** its span */
  readonly span_id: string
}

/** Of `lock-order`: one row per circle of lock names, the shortest first. */
export interface LockOrderRow {
  /** names of the locks, in the order of the circle, each once */
  readonly locks: string
  /** what it costs, see docs/analyzers/severity.md */
  readonly severity: number
  /** for each step who asked for which lock while holding which, and how often */
  readonly orders: string
  /** services of the tasks */
  readonly services: string
  /** locks in the circle */
  readonly length: number
  /** 1 if the very same locks were taken in both orders, 0 if only locks of these names */
  readonly same: number
  /** tasks that took part, of each step at most 16 */
  readonly tasks: number
  /** how often the rarest of the steps was taken */
  readonly times: number
  /** how often each step was taken */
  readonly counts: readonly number[]
  /** when the circle was closed: when the last of its steps was first taken */
  readonly first_at: string
  /** when one of them was last taken */
  readonly last_at: string
  /** a trace of each step */
  readonly trace_ids: string
  /** a span of each step */
  readonly span_ids: string
}

/** Of `log-anomalies`: one row per stretch of time in which the rate of a type was out of the ordinary, the most severe first. */
export interface LogAnomaliesRow {
  /** service.name */
  readonly service: string
  /** type of the records: name of the event, or text */
  readonly name: string
  /** errors (severity ERROR and above) or others */
  readonly level: string
  /** what it costs, see docs/analyzers/severity.md */
  readonly severity: number
  /** burst or silence */
  readonly kind: string
  /** when it began, as exact as bucket_ns */
  readonly began_at: string
  /** ns: how long it was so */
  readonly lasted_ns: number
  /** records meanwhile */
  readonly records: number
  /** records that were to be expected meanwhile */
  readonly expected: number
  /** how many deviations from that the worst bucket was; below 0 for silence */
  readonly deviations: number
  /** what was expected: week, day (the same hour of other weeks or days, and the trend) or level (the median) */
  readonly season: string
  /** ns: what was counted at a time */
  readonly bucket_ns: number
}

/** Of `metlog-summary`: one row per logger, kind and name, the most severe first. */
export interface MetlogSummaryRow {
  /** service.name, which is the logger */
  readonly service: string
  /** messages, drops, counter, timer, distribution or gauge */
  readonly what: string
  /** type of the messages, reasons of the drops, name of the others */
  readonly name: string
  /** what it costs, see docs/analyzers/severity.md */
  readonly severity: number
  /** messages, what was dropped, counted or timed (each by what it stands for), values of a gauge */
  readonly items: number
  /** items/s: items by the time from the first to the last message of the logger in the window, at least 1 s */
  readonly rate: number
  /** messages of severity ERROR and above */
  readonly errors: number
  /** errors of items */
  readonly errors_fraction: number
  /** ns: of a timer: mean */
  readonly mean_ns: number
  /** ns: of a timer: median, as exact as its buckets, which are 10 to 25 % wide */
  readonly p50_ns: number
  /** ns: of a timer: 95th percentile, in the same way */
  readonly p95_ns: number
  /** ns: of a timer: 99th percentile, in the same way */
  readonly p99_ns: number
  /** ns: of a timer: longest */
  readonly max_ns: number
  /** of a gauge: its latest value */
  readonly last_value: number
  /** the latest */
  readonly last_at: string
}

/** Of `pool-wait`: one row per service, name and type of a semaphore or pool, the most severe first. */
export interface PoolWaitRow {
  /** service.name; several where the pool is one of a host or cluster */
  readonly service: string
  /** class of the pool (wayward.lock.name) */
  readonly pool: string
  /** what it costs, see docs/analyzers/severity.md */
  readonly severity: number
  /** leak, nested (holders wait for more), long (few hold most), small, or nothing */
  readonly cause: string
  /** pools of this name */
  readonly pools: number
  /** most permits of one pool that were held at once */
  readonly size: number
  /** of the busiest: permits held of size, of observed_ns */
  readonly use: number
  /** holds that have ended */
  readonly checkouts: number
  /** requests that were granted, wait, or were given up */
  readonly requests: number
  /** requests that were not granted at once */
  readonly contended: number
  /** ns: median wait of the contended requests, those that go on with their age */
  readonly wait_p50_ns: number
  /** ns: 95th percentile of the same */
  readonly wait_p95_ns: number
  /** ns: the longest */
  readonly wait_max_ns: number
  /** ns: sum of the same within the window */
  readonly wait_sum_ns: number
  /** most that waited at once */
  readonly waiters_max: number
  /** requests that gave up after their time-out */
  readonly timeouts: number
  /** requests that go on */
  readonly still_waiting: number
  /** ns: their ages together */
  readonly still_ns: number
  /** until when that is known, 1970 for up to now */
  readonly still_as_of: string
  /** ns: 95th percentile of the holds that have ended */
  readonly hold_p95_ns: number
  /** holds that go on */
  readonly still_held: number
  /** holds that go on for ten seconds or more and ten times as long as 95 % of those that ended */
  readonly leaked: number
  /** ns: age of the oldest hold that goes on */
  readonly oldest_ns: number
  /** requests that waited while their task held a permit of the same pool */
  readonly nested: number
  /** name of the tasks that held it most */
  readonly holder: string
  /** their share of all the time that permits were held */
  readonly holder_share: number
  /** ns: wall time in which a session of the service reported, within the window */
  readonly observed_ns: number
  /** trace of the longest wait */
  readonly trace_id: string
  /** its span */
  readonly span_id: string
}

/** Of `queue-delay`: one row per service and queue name, the most severe first. */
export interface QueueDelayRow {
  /** service.name */
  readonly service: string
  /** name of the queue */
  readonly queue_name: string
  /** what it costs, see docs/analyzers/severity.md */
  readonly severity: number
  /** hung, paused, slow_item, starved, overloaded, burst or failing: what costs most */
  readonly cause: string
  /** Idle, Active, At capacity, Backlogged or Stalled, at the end of the window */
  readonly state: string
  /** queues of this name, each of one session */
  readonly queues: number
  /** items enqueued in the window */
  readonly arrived: number
  /** items whose processing ended in the window */
  readonly items: number
  /** of these, how many failed */
  readonly failed: number
  /** items that were taken out without being processed */
  readonly removed: number
  /** items that the queue did not let in */
  readonly refused: number
  /** failed and removed of items and removed */
  readonly failed_fraction: number
  /** class of an error of these */
  readonly last_error: string
  /** items/s: arrived by observed_ns */
  readonly arrival_rate: number
  /** ns: median time in the queue, still waiting items with their age */
  readonly wait_p50_ns: number
  /** ns: 95th percentile of the same */
  readonly wait_p95_ns: number
  /** ns: 99th percentile of the same */
  readonly wait_p99_ns: number
  /** ns: longest of the same, also where it began before the window */
  readonly wait_max_ns: number
  /** ns: sum of the same within the window */
  readonly wait_sum_ns: number
  /** ns: wall time within the window in which at least one waited */
  readonly waited_ns: number
  /** ns: of that, how long none was processed */
  readonly idle_ns: number
  /** ns: median time from dequeue to done */
  readonly processing_p50_ns: number
  /** ns: 95th percentile of the same */
  readonly processing_p95_ns: number
  /** ns: longest of the same, also before the window */
  readonly processing_max_ns: number
  /** ns: sum of the same within the window */
  readonly processing_sum_ns: number
  /** wait of wait and processing together */
  readonly wait_share: number
  /** workers at one time; where not reported, the most that were busy */
  readonly concurrency: number
  /** most items that were processed at a time */
  readonly concurrency_used: number
  /** processing_sum_ns of the time of all workers */
  readonly utilisation: number
  /** arrival rate times usual processing over concurrency; above 1 it cannot keep up */
  readonly load: number
  /** items: mean number that waited */
  readonly length_mean: number
  /** items: items that waited for each busy worker in the worst minute */
  readonly crowd_worst: number
  /** when that minute began */
  readonly crowd_at: string
  /** items that waited when the window began */
  readonly backlog_start: number
  /** most items that waited at a time */
  readonly backlog_max: number
  /** items that wait at the end of the window */
  readonly backlog_end: number
  /** ns: time to process backlog_end if nothing more arrives */
  readonly drain_ns: number
  /** ns: age of the oldest item that waits */
  readonly oldest_age_ns: number
  /** until when that is known, 1970 for up to now */
  readonly oldest_as_of: string
  /** ns: for how long nothing has been taken or ended, although items wait */
  readonly stalled_ns: number
  /** 1 if items that came after the oldest were taken before it, else 0 */
  readonly overtaken: number
  /** items in processing at the end of the window */
  readonly still_processing: number
  /** ns: age of the oldest of them */
  readonly processing_age_ns: number
  /** until when that is known, 1970 for up to now */
  readonly processing_as_of: string
  /** the oldest of them */
  readonly held_item_id: string
  /** its trace */
  readonly held_trace_id: string
  /** its span */
  readonly held_span_id: string
  /** items whose end was lost */
  readonly ends_lost: number
  /** spans and events that the sessions of the service say they dropped */
  readonly dropped: number
  /** ns: wall time in which a session of the service reported, within the window */
  readonly observed_ns: number
  /** item that waited longest */
  readonly worst_item_id: string
  /** when it was enqueued */
  readonly worst_at: string
  /** its trace */
  readonly worst_trace_id: string
  /** its span */
  readonly worst_span_id: string
}

/** Of `starvation`: one row per lock name, type and mode of the request whose longest wait was overtaken, the most severe first. */
export interface StarvationRow {
  /** service of who waited */
  readonly service: string
  /** class of the lock */
  readonly lock_name: string
  /** mutex, rwlock, semaphore, ... */
  readonly lock_type: string
  /** exclusive or shared: what the one who waited asked for */
  readonly victim_mode: string
  /** what it costs, see docs/analyzers/severity.md */
  readonly severity: number
  /** task that waited: name, else id */
  readonly victim: string
  /** ns: how long it waited or had waited, also where it began before the window */
  readonly wait_ns: number
  /** when it asked */
  readonly requested_at: string
  /** how that ended: granted, timeout, cancelled; waiting if it goes on */
  readonly outcome: string
  /** until when that is known, 1970 for up to now */
  readonly as_of: string
  /** requests that were made later and granted before, within the window */
  readonly overtaken_by: number
  /** the tasks that overtook most often */
  readonly overtakers: string
  /** tasks that overtook */
  readonly overtaking: number
  /** of those that overtook, how many shared the lock */
  readonly shared_share: number
  /** ns: how long those who overtook held it meanwhile, together */
  readonly overtaken_ns: number
  /** ns: median wait for these locks in any mode */
  readonly wait_p50_ns: number
  /** trace of the wait */
  readonly trace_id: string
  /** its span */
  readonly span_id: string
}

/** Of `stuck`: one row per lock name and type with a hold or a wait that goes on for ten seconds or more, the most severe first. */
export interface StuckRow {
  /** service.name; several where the lock is one of a host or cluster */
  readonly service: string
  /** class of the lock */
  readonly lock_name: string
  /** mutex, rwlock, semaphore, ... */
  readonly lock_type: string
  /** what it costs, see docs/analyzers/severity.md */
  readonly severity: number
  /** the lock that is held longest, else waited for longest */
  readonly lock_id: string
  /** holds that go on and are ten times as long as 99 % of those that have ended */
  readonly still_held: number
  /** ns: age of the oldest of them */
  readonly held_ns: number
  /** when it was granted */
  readonly held_since: string
  /** ns: 99th percentile of the holds that have ended */
  readonly usual_ns: number
  /** holds that have ended */
  readonly ended: number
  /** task of the oldest: name, else id */
  readonly holder: string
  /** its id */
  readonly holder_task: string
  /** locks that it held already when it asked for this one */
  readonly holder_held: number
  /** holds of whom the session, which lives, reports neither an end nor that they go on */
  readonly ends_lost: number
  /** requests that go on */
  readonly waiting: number
  /** ns: age of the oldest of them */
  readonly wait_max_ns: number
  /** task of the oldest: name, else id */
  readonly waiter: string
  /** requests that timed out or were cancelled since the oldest hold was granted */
  readonly gave_up: number
  /** ns: how long those who wait and those who gave up have waited since then, together */
  readonly blocked_ns: number
  /** until when that is known, 1970 for up to now */
  readonly as_of: string
  /** trace of the oldest hold, else of the oldest wait */
  readonly trace_id: string
  /** its span */
  readonly span_id: string
}

/** Of `unique-users`: one row per service and day (UTC), the latest first. */
export interface UniqueUsersRow {
  /** service.name */
  readonly service: string
  /** the day, UTC */
  readonly day: string
  /** different users; above 65,536 an estimate within 1 % */
  readonly users: number
  /** of these, those that were not seen on an earlier day of the window */
  readonly new_users: number
  /** log records that name a user */
  readonly records: number
  /** the latest of them */
  readonly last_at: string
}
