-- Ends are rows of wayward_open_operations now.
DROP VIEW IF EXISTS wayward_ended_operations_mv
