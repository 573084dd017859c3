-- Deletes the rows of a session from a table that has a column for it.
-- service, session: whose rows go.
ALTER TABLE {table:Identifier} DELETE
WHERE service = {service:String}
  AND session = {session:String}
SETTINGS mutations_sync = 2
