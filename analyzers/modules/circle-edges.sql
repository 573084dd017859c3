-- Module: Who waits for whom, of those who wait for somebody who waits, too, and are waited for by such: what circles can be made
-- of. Of semaphores and pools any permit will do: who waits for one is only stuck if all holders wait.
--
-- Kept where small: circles are looked for only where there are any.
--
-- Uses: wait_graph
--
-- Columns:
--   edge      of wait_graph: actor, holder, lo_ns, hi_ns, start_ns, end_ns, outcome, lock, lock_name, service, session, task, as_of,
--             trace_id, span_id, and whether any permit will do
--   left_out  how many there are besides the ten thousand that are here
SELECT
  arrayJoin(looked_at) AS edge,
  others AS left_out
FROM
(
  SELECT
    groupArrayArray(10000)(outgoing) AS looked_at,
    toUInt64(greatest(sum(length(outgoing)), 10000) - 10000) AS others
  FROM
  (
    SELECT groupArrayIf(one, is_actor) AS outgoing
    FROM
    (
      SELECT arrayJoin(arrayMap(pair -> pair.1, arrayFilter(pair -> pair.2, groupArray((met, holder_waits))))) AS one
      FROM
      (
        SELECT max(is_actor) AS holder_waits, arrayJoin(groupArrayIf(edge, NOT is_actor)) AS met
        FROM
        (
          SELECT
            (actor, holder, lo_ns, hi_ns, start_ns, end_ns, outcome, lock, lock_name, service, session, task, as_of,
              trace_id, span_id, CAST(lock_type IN ('semaphore', 'pool') AS UInt8)) AS edge
          FROM wait_graph
        )
        ARRAY JOIN [edge.1, edge.2] AS node, [true, false] AS is_actor
        GROUP BY node
      )
      GROUP BY met.1, met.8, met.5
      HAVING min(holder_waits) OR NOT any(met.16)
    )
    ARRAY JOIN [one.1, one.2] AS node, [true, false] AS is_actor
    GROUP BY node
    HAVING NOT min(is_actor)
  )
)
