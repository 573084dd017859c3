/**
 * The program of the worker with all that it needs, as one text. The build puts it into the
 * compiled SDK (`scripts/build-worker.mjs`); where the SDK runs from its sources there is none.
 */
export const workerSource: string | undefined = undefined
