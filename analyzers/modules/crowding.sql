-- Module: How many items waited for each worker in a minute, as far as the workers were busy: items that wait for a second or
-- two while workers are idle for most of the minute count for nothing.
(waiting, working, workers) -> waiting / workers * pow(2 * greatest(0, least(1, working / workers) - 0.5), 2)
