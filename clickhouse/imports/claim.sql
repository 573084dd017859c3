-- Says that a collector has begun to import a session, or ended it. On replicas most of them must have it.
-- service, session: which; collector, host: who; state: begun or ended.
INSERT INTO wayward_imports (service, session, collector, host, state, at)
SETTINGS insert_quorum = 'auto', insert_quorum_parallel = 0, insert_deduplicate = 0
SELECT {service:String}, {session:String}, {collector:String}, {host:String}, {state:String}, now64(9, 'UTC')
