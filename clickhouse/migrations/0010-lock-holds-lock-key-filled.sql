-- Fills the column lock_key of wayward_lock_holds for the rows that are there, in the background; until then it is worked out when it is read.
ALTER TABLE wayward_lock_holds MATERIALIZE COLUMN lock_key
