-- A table that somebody else made does not remember its last inserts, so a repeated insert would count twice.
ALTER TABLE {table:Identifier} MODIFY SETTING non_replicated_deduplication_window = 10000
