export { type ApiParts, createApi } from './api/api.ts'
