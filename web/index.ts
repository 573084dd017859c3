export type { ArchiveParts, ChangeParts } from './api/changes.ts'
export { type ApiParts, createApi } from './api/api.ts'
export { createPage } from './page-routes.ts'
