-- Fills the projection by_minute of wayward_queue_items for the rows that are there, in the background.
ALTER TABLE wayward_queue_items MATERIALIZE PROJECTION by_minute
