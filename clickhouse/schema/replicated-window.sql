-- A replicated table that somebody else made may forget its last inserts after an hour; an outage can be longer.
ALTER TABLE {table:Identifier} MODIFY SETTING replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800
