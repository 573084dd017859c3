-- Question: When does what was reported begin and end?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--
-- Headline, the columns of a table, the last left out first:
--   from_ns, to_ns
--
-- Output, one row, none where nothing was reported:
--   from_ns  text  earliest moment within the window, in nanoseconds since 1970
--   to_ns    text  first moment after the latest within the window, in nanoseconds since 1970
SELECT
  toString(toUnixTimestamp64Nano(greatest(min(first_at), {from:DateTime64(9, 'UTC')}))) AS from_ns,
  toString(toUnixTimestamp64Nano(least(max(last_at), {to:DateTime64(9, 'UTC')})) + 1) AS to_ns
FROM wayward_session_times
WHERE first_at < {to:DateTime64(9, 'UTC')}
  AND last_at >= {from:DateTime64(9, 'UTC')}
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
HAVING count() > 0
