// The names of Wayward's spans, events and attributes; see docs/reference/semantic-conventions.md.
export * from './generated/attributes.ts'
export * from './generated/events.ts'
