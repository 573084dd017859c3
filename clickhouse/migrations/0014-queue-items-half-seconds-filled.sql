-- Fills the projection half_seconds of wayward_queue_items for the rows that are there, in the background.
ALTER TABLE wayward_queue_items MATERIALIZE PROJECTION half_seconds
