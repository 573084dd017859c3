-- Before a time to live that depends on the service: merges leave out the rows that have gone.
ALTER TABLE {table:Identifier} MODIFY SETTING ttl_only_drop_parts = 0, materialize_ttl_recalculate_only = 1
