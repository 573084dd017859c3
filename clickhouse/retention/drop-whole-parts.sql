-- Before a time to live that is the same for all rows: parts go as a whole, nothing is rewritten. What a table has
-- already only gets the times at which it goes; its columns are not written again.
ALTER TABLE {table:Identifier} MODIFY SETTING ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1
