-- Fills the column actor_key of wayward_lock_waits for the rows that are there, in the background; until then it is worked out when it is read.
ALTER TABLE wayward_lock_waits MATERIALIZE COLUMN actor_key
