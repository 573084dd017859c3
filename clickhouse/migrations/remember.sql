-- Remembers a migration. version: its number; name: what it is about; applied_at: when.
INSERT INTO wayward_migrations (version, name, applied_at)
SELECT {version:UInt32}, {name:String}, {applied_at:DateTime64(3, 'UTC')}
