-- Fills the projection minutes of wayward_lock_waits for the rows that are there, in the background.
ALTER TABLE wayward_lock_waits MATERIALIZE PROJECTION minutes
