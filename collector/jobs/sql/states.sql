-- The newest state of every job.
SELECT state
FROM wayward_job_states FINAL
ORDER BY service, job_name
