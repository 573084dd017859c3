-- Ends are rows of wayward_open_operations now.
DROP TABLE IF EXISTS wayward_ended_operations
