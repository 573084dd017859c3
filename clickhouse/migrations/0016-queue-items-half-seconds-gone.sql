-- The sums of wayward_queue_items for each half second that were of rows, not of what these stand for.
ALTER TABLE wayward_queue_items DROP PROJECTION IF EXISTS half_seconds
