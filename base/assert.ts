/**
 * Holds something that cannot be otherwise: if it is, the program is wrong, and going on would lose
 * or double data. For what comes from outside there are errors of their own.
 *
 * @param message what is wrong, with the values
 * @throws AssertionError
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}

/** The value, which cannot be undefined. @throws AssertionError */
export function assertDefined<Value>(value: Value | undefined, message: string): Value {
  assert(value !== undefined, message)
  return value
}

/** The program is wrong. */
export class AssertionError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'AssertionError'
  }
}
