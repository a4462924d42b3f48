import type { ListRules } from './list-rules.js'

/** Glance with the defaults of `limit_param_default` and `api_limit_max`. */
export const imageLists: ListRules = {
  defaultLimit: 25,
  maxLimit: 1000,
  repeatedSortKeys: true,
  shownAs: {},
  addedDirection: 'only',
  offsets: false,
  collections: {
    images: {
      next: { member: 'next' },
      constants: {
        first: { path: '/v2/images', query: true },
        schema: { path: '/v2/schemas/images', query: false },
      },
      timeFilterSince: null,
    },
    tasks: {
      next: { member: 'next' },
      constants: {
        first: { path: '/v2/tasks', query: true },
        schema: { path: '/v2/schemas/tasks', query: false },
      },
    },
  },
}
