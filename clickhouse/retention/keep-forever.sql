-- No row goes by its age.
ALTER TABLE {table:Identifier} REMOVE TTL
