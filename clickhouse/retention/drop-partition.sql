-- Drops what a table has of a day.
ALTER TABLE {table:Identifier} DROP PARTITION ID {day:String}
