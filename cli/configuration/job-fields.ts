// The settings of `wayward job` and `wayward jobs`.
import type { Field } from './field.ts'
import { bytesType, choiceType, durationType, pathType, textType, timeType } from './field-types.ts'
import { apiFields, tableOrJsonField } from './fields.ts'

/** Where reports wait while the service is away. */
const spoolFields = {
  spool: {
    flag: 'spool',
    type: pathType,
    text: 'Folder in which reports wait while the service is away; without it "spool" in the data folder',
  },
} satisfies Record<string, Field<unknown>>

/** What `job exec` has. */
export const jobExecFields = {
  ...apiFields,
  ...spoolFields,
  name: {
    flag: 'name',
    type: { ...textType, placeholder: 'name' },
    isFlagOnly: true,
    text: 'Name of the job',
  },
  service: {
    flag: 'service',
    type: { ...textType, placeholder: 'name' },
    isFlagOnly: true,
    text: 'Service that the job is of; without it "jobs"',
  },
  runId: {
    flag: 'run-id',
    type: { ...textType, placeholder: 'id' },
    isFlagOnly: true,
    text: 'Id of the run; without it a new one',
  },
  due: {
    flag: 'due',
    type: timeType,
    isFlagOnly: true,
    text: 'When the run was due (RFC 3339); without it as the schedule of the job says',
  },
  maxRunTime: {
    flag: 'max-run-time',
    type: durationType,
    isFlagOnly: true,
    text: 'Longest time that the run may take; it is told, not ended',
  },
  heartbeat: {
    flag: 'heartbeat',
    type: durationType,
    default: '30s',
    isFlagOnly: true,
    text: 'How often the run gives a sign of life',
  },
  output: {
    flag: 'output',
    type: bytesType(0, '0'),
    default: '10KiB',
    isFlagOnly: true,
    text: 'How much of the end of its output is reported',
  },
} satisfies Record<string, Field<unknown>>

/** What `job send` has. */
export const jobSendFields = { ...apiFields, ...spoolFields } satisfies Record<
  string,
  Field<unknown>
>

const serviceField = {
  flag: 'service',
  type: { ...textType, placeholder: 'name' },
  isFlagOnly: true,
  text: 'Only jobs of this service',
} satisfies Field<unknown>

/** What `jobs` and `jobs watch` have. */
export const jobsFields = {
  ...apiFields,
  service: serviceField,
  status: {
    flag: 'status',
    type: choiceType(['new', 'up', 'running', 'late', 'failing', 'down', 'paused']),
    isFlagOnly: true,
    text: 'Only jobs in this state',
  },
  tag: {
    flag: 'tag',
    type: { ...textType, placeholder: 'tag' },
    isFlagOnly: true,
    text: 'Only jobs with this tag',
  },
  failOn: {
    flag: 'fail-on',
    type: choiceType(['trouble']),
    isFlagOnly: true,
    text: 'Exit with 1 if a job is late, failing or down',
  },
  format: tableOrJsonField,
} satisfies Record<string, Field<unknown>>

/** What `jobs show` has. */
export const jobsShowFields = {
  ...apiFields,
  service: { ...serviceField, text: 'Service of the job, where several have one of the name' },
  format: tableOrJsonField,
} satisfies Record<string, Field<unknown>>
