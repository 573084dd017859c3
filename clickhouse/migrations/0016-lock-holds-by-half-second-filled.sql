-- Fills the projection by_half_second of wayward_lock_holds for the rows that are there, in the background.
ALTER TABLE wayward_lock_holds MATERIALIZE PROJECTION by_half_second
