-- Module: The one who holds a lock or waits for it as a number, told apart as actor_name does, without making a text for each.
(task_name, task_id, thread_name) -> multiIf(
  task_name != '', cityHash64(task_name),
  thread_name = '', cityHash64(task_id),
  cityHash64(thread_name, task_id = ''))
