// What Grafana's ClickHouse data source asks, with its macros as it fills them in: the queries of
// its builder for traces and logs, those for its menus, and ones of the kinds that its explorer
// dashboards have. Each with the number of rows that it has here (sql-door.test.ts inserts them).

const during =
  "Timestamp >= toDateTime('2026-01-02 03:00:00') AND Timestamp <= toDateTime('2026-01-02 04:00:00')"
const duringMs =
  'Timestamp >= fromUnixTimestamp64Milli(1767322800000) AND Timestamp <= fromUnixTimestamp64Milli(1767326400000)'
const perMinute = 'toStartOfInterval(Timestamp, INTERVAL 60 second) AS time'
const failed = "StatusCode IN ('Error', 'STATUS_CODE_ERROR')"

const menus: readonly (readonly [string, number])[] = [
  ['SELECT 1', 1],
  ["SELECT name FROM system.databases WHERE name = 'wayward'", 1],
  ["SELECT name FROM system.tables WHERE database = 'wayward' AND name = 'otel_logs'", 1],
  ['SHOW TABLES FROM "wayward" LIKE \'otel_traces\'', 1],
  ['SELECT name FROM system.functions ORDER BY name LIMIT 3', 3],
  [
    "SELECT name, type, table FROM system.columns WHERE database = 'wayward' AND table = 'otel_logs' AND name = 'Body'",
    1,
  ],
  ['SELECT version()', 1],
  [`SELECT DISTINCT ServiceName FROM otel_traces WHERE ${during} ORDER BY ServiceName`, 2],
  [`SELECT DISTINCT SeverityText FROM otel_logs WHERE ${duringMs} ORDER BY SeverityText`, 2],
  [
    'SELECT DISTINCT arrayJoin(SpanAttributes.keys) AS keys FROM (SELECT SpanAttributes FROM "wayward"."otel_traces" LIMIT 1000) LIMIT 1000',
    1,
  ],
]

const traces: readonly (readonly [string, number])[] = [
  [
    `SELECT "TraceId" AS traceID, "ServiceName" AS serviceName, "SpanName" AS operationName,
      "Timestamp" AS startTime, multiply("Duration", 0.000001) AS duration
    FROM "wayward"."otel_traces"
    WHERE ( ${duringMs} ) AND ( ParentSpanId = '' ) AND ( Duration > 0 )
    ORDER BY Timestamp DESC, Duration DESC LIMIT 1000`,
    20,
  ],
  [
    `WITH '00000000000000000000000000000003' AS trace_id,
      (SELECT min(Start) FROM "wayward"."otel_traces_trace_id_ts" WHERE TraceId = trace_id) AS trace_start,
      (SELECT max(End) + 1 FROM "wayward"."otel_traces_trace_id_ts" WHERE TraceId = trace_id) AS trace_end
    SELECT "TraceId" AS traceID, "SpanId" AS spanID, "ParentSpanId" AS parentSpanID,
      "ServiceName" AS serviceName, "SpanName" AS operationName,
      multiply(toUnixTimestamp64Nano("Timestamp"), 0.000001) AS startTime,
      multiply("Duration", 0.000001) AS duration,
      arrayMap(key -> map('key', key, 'value', "SpanAttributes"[key]), mapKeys("SpanAttributes")) AS tags,
      arrayMap(key -> map('key', key, 'value', "ResourceAttributes"[key]), mapKeys("ResourceAttributes")) AS serviceTags,
      if("StatusCode" IN ('Error', 'STATUS_CODE_ERROR'), 2, 0) AS statusCode,
      arrayMap((name, timestamp, attributes) -> tuple(name, toString(toUnixTimestamp64Milli(timestamp)),
        arrayMap(key -> map('key', key, 'value', attributes[key]), mapKeys(attributes)))
        ::Tuple(name String, timestamp String, fields Array(Map(String, String))),
        "Events".Name, "Events".Timestamp, "Events".Attributes) AS logs,
      arrayMap((traceID, spanID, attributes) -> tuple(traceID, spanID,
        arrayMap(key -> map('key', key, 'value', attributes[key]), mapKeys(attributes)))
        ::Tuple(traceID String, spanID String, tags Array(Map(String, String))),
        "Links".TraceId, "Links".SpanId, "Links".Attributes) AS references,
      "SpanKind" AS kind, "StatusMessage" AS statusMessage, "TraceState" AS traceState
    FROM "wayward"."otel_traces"
    WHERE traceID = trace_id AND "Timestamp" >= trace_start AND "Timestamp" <= trace_end LIMIT 1000`,
    2,
  ],
  [
    `SELECT TraceId, any(ServiceName) AS Service, any(SpanName) AS RootOperation, min(Timestamp) AS Time,
      max(Duration) AS Duration, count() AS Spans, anyIf(StatusCode, ${failed}) AS Status
    FROM otel_traces WHERE ${during} AND 1 = 1 AND ServiceName IN ('shop', 'cart')
    GROUP BY TraceId HAVING 1 = 1 ORDER BY Time DESC LIMIT 200`,
    20,
  ],
  [
    `SELECT concat(parent.ServiceName, '-', child.ServiceName) AS id, parent.ServiceName AS source,
      child.ServiceName AS target, concat(toString(count()), ' calls') AS mainstat
    FROM otel_traces AS child
    INNER JOIN otel_traces AS parent
      ON child.ParentSpanId = parent.SpanId AND child.TraceId = parent.TraceId
    WHERE parent.ServiceName != child.ServiceName
    GROUP BY source, target ORDER BY count() DESC LIMIT 50`,
    1,
  ],
]

const panels: readonly (readonly [string, number])[] = [
  [
    `SELECT ${perMinute}, countIf(${failed}) / count() AS error_rate, quantile(0.5)(Duration) AS p50,
      quantile(0.99)(Duration) / 1000000 AS p99_ms, count() / 60 AS rps
    FROM otel_traces WHERE ${during} AND ServiceName = 'shop' GROUP BY time ORDER BY time`,
    1,
  ],
  [
    `SELECT time, ServiceName AS tags, concat(ServiceName, ' deployed ', version) AS text FROM (
      SELECT toStartOfInterval(Timestamp, INTERVAL 30 second) AS time, ServiceName,
        topK(1)(ResourceAttributes['service.version'])[1] AS version,
        lagInFrame(topK(1)(ResourceAttributes['service.version'])[1])
          OVER (PARTITION BY ServiceName ORDER BY time) AS before
      FROM otel_traces WHERE ${during} AND ResourceAttributes['service.version'] != ''
      GROUP BY ServiceName, time ORDER BY ServiceName, time)
    WHERE before != '' AND before != version`,
    2,
  ],
  [
    `SELECT ${perMinute}, SeverityText AS metric, count() AS count FROM otel_logs
    WHERE ${during} AND positionCaseInsensitive(Body, 'done') > 0 GROUP BY time, metric ORDER BY time`,
    2,
  ],
  [
    `SELECT SeverityText AS Level, replaceRegexpAll(Body, '(userId|orderId)=[a-zA-Z0-9-]+', '\\1=…') AS Message,
      count() AS Count FROM otel_logs WHERE ${during} AND SeverityText IN ('ERROR', 'WARN')
    GROUP BY Level, Message ORDER BY Count DESC LIMIT 20`,
    1,
  ],
  [
    `SELECT Timestamp AS timestamp, Body AS body, SeverityText AS level, LogAttributes AS labels,
      TraceId AS traceID, ResourceAttributes['k8s.pod.name'] AS k8s_pod
    FROM "wayward"."otel_logs" WHERE ( timestamp >= fromUnixTimestamp64Milli(1767322800000) )
    ORDER BY timestamp DESC LIMIT 1000`,
    40,
  ],
  [
    `SELECT toStartOfInterval("Timestamp", INTERVAL 1 MINUTE) AS "time",
      sum(toString("SeverityText") IN ('critical', 'fatal', 'CRITICAL', 'FATAL')) AS critical,
      sum(toString("SeverityText") IN ('error', 'ERROR')) AS error, count() AS logs
    FROM "wayward"."otel_logs" GROUP BY time ORDER BY time ASC`,
    1,
  ],
  [
    `SELECT cityHash64(SpanId) % 4 AS bucket, count() FROM otel_traces GROUP BY bucket WITH TOTALS
    ORDER BY bucket SETTINGS max_threads = 1`,
    4,
  ],
]

export const grafanaQueries: readonly (readonly [string, number])[] = [
  ...menus,
  ...traces,
  ...panels,
]
