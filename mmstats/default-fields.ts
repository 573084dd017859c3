// The fields that each file has: who writes it, and since when.
import type { Field } from './fields/field.ts'
import {
  staticDouble,
  staticInt64,
  staticText,
  staticUint,
  staticUint64,
} from './fields/static-field.ts'
import { systemThreadId } from './file/file-name.ts'

/** New fields for one file, by their labels. */
export function defaultFields(): Readonly<Record<string, Field>> {
  return {
    'sys.pid': staticUint({ value: () => process.pid }),
    'sys.tid': staticInt64({ value: systemThreadId }),
    'sys.uid': staticUint64({ value: () => process.getuid?.() ?? 0 }),
    'sys.gid': staticUint64({ value: () => process.getgid?.() ?? 0 }),
    'sys.created': staticDouble({ value: () => Date.now() / 1000 }),
    'org.nodejs.version': staticText({ value: process.versions.node }),
  }
}
