-- Question: What was refused, rejected, dropped or lost, and from whom?
--
-- Parameters:
--   from   DateTime64(9)  first moment of the window
--   to     DateTime64(9)  first moment after the window
--   limit  UInt64         rows at most
--
-- Headline, the columns of a table, the last left out first:
--   event, reason, address, agent, requests, items, last_at, message
--
-- Output, one row per event, reason and sender, the latest first:
--   event     text   refused, rejected, ignored, dropped, set_aside, ...
--   reason    text   why
--   signal    text   traces, logs or metrics; empty where unknown
--   address   text   address of the sender
--   agent     text   its User-Agent
--   identity  text   name of its token or certificate
--   requests  count  requests
--   items     count  spans, log records, data points or rows; 0 unknown
--   bytes     count  bytes; 0 unknown
--   first_at  time   first time
--   last_at   time   last time
--   message   text   what the first was told
SELECT
  event, reason, signal, address, agent, identity,
  sum(l.requests) AS requests, sum(l.items) AS items, sum(l.bytes) AS bytes,
  min(l.first_at) AS first_at, max(l.last_at) AS last_at, any(l.message) AS message
FROM wayward_ledger AS l
WHERE l.last_at >= {from:DateTime64(9, 'UTC')} AND l.last_at < {to:DateTime64(9, 'UTC')}
GROUP BY event, reason, signal, address, agent, identity
ORDER BY last_at DESC, event, reason, address
LIMIT {limit:UInt64}
