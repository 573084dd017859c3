/** The version of this package, as clients tell it; a test holds it to package.json. */
export const packageVersion = '0.1.0'
