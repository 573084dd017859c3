-- Question: How many different users does each service have, day by day, and how many of them are new?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--
-- Uses: session_of
--
-- Headline, the columns of a table, the last left out first:
--   service, day, users, new_users, records
--
-- Output, one row per service and day (UTC), the latest first:
--   service    text    service.name
--   day        text    the day, UTC
--   users      count   different users; above 65,536 an estimate within 1 %
--   new_users  count   of these, those that were not seen on an earlier day of the window
--   records    count   log records that name a user
--   last_at    time    the latest of them
WITH
  seen AS
  (
    SELECT
      ServiceName AS of_service, toDate(Timestamp, 'UTC') AS of_day,
      multiIf(
        LogAttributes['user.id'] != '', LogAttributes['user.id'],
        LogAttributes['enduser.id'] != '', LogAttributes['enduser.id'],
        LogAttributes['userid'] != '', LogAttributes['userid'],
        LogAttributes['user_id']) AS user,
      count() AS some, max(Timestamp) AS latest_at
    FROM otel_logs
    WHERE hasAny(mapKeys(LogAttributes), ['user.id', 'enduser.id', 'userid', 'user_id'])
      AND Timestamp >= {from:DateTime64(9, 'UTC')} AND Timestamp < {to:DateTime64(9, 'UTC')}
      AND ({service:String} = '' OR ServiceName = {service:String})
      AND (empty({sessions:Array(String)}) OR session_of(ServiceName, ResourceAttributes) IN {sessions:Array(String)})
    GROUP BY of_service, of_day, user
    HAVING user != ''
  ),
  firsts AS
  (
    SELECT of_service, of_day, user, some, latest_at, min(of_day) OVER (PARTITION BY of_service, user) AS first_day
    FROM seen
  )
SELECT
  of_service AS service,
  toString(of_day) AS day,
  uniq(user) AS users,
  uniqIf(user, first_day = of_day) AS new_users,
  sum(some) AS records,
  toDateTime64(max(latest_at), 9, 'UTC') AS last_at
FROM firsts
GROUP BY of_service, of_day
ORDER BY of_day DESC, users DESC, service
LIMIT 1000
