import { imageLists } from './image-lists.js'
import type { AllListRules, CollectionRules, ListRules } from './list-rules.js'
import type { ServiceName } from './service.js'
import { entry } from './services.js'
import { volumeLists } from './volume-lists.js'

const rules: AllListRules = { image: imageLists, volume: volumeLists }

export function listRulesOf(service: ServiceName): ListRules {
  return rules[service]
}

/** @param collection its segment of the path, unchanged */
export function collectionRulesOf(service: ServiceName, collection: string): CollectionRules {
  return entry(rules[service].collections, collection) ?? {}
}
