-- The sums of wayward_lock_holds for each minute that were of rows, not of what these stand for.
ALTER TABLE wayward_lock_holds DROP PROJECTION IF EXISTS minutes
