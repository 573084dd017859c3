-- Module: How the one who holds a lock or waits for it is called. Tasks without a name are one of their thread: there may be one
-- for each request.
(task_name, task_id, thread_name) -> multiIf(
  task_name != '', toString(task_name),
  thread_name = '', task_id,
  task_id = '', toString(thread_name),
  concat('unnamed tasks of thread ', thread_name))
