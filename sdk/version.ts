/** The version of this package, as it is told to a collector; a test holds it to package.json. */
export const packageVersion = '0.1.0'
