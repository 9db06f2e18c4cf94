import { oneOf, text } from './search'

type Raw = Record<string, unknown>

/** All state of a list of what inventories hold besides packages. */
export interface InventorySearch {
  search?: string
  /** Only of one device. */
  device?: string
  panel?: string
}
export const inventorySearch = (raw: Raw): InventorySearch => ({
  search: text(raw.search),
  device: text(raw.device),
  panel: text(raw.panel),
})

/** All state of the list of exceptions; those that hold now when absent. */
export interface ExceptionsSearch {
  state?: 'ended' | 'all'
  panel?: string
}
export const exceptionsSearch = (raw: Raw): ExceptionsSearch => ({
  state: oneOf(raw.state, ['ended', 'all'] as const),
  panel: text(raw.panel),
})

/** The address' words as the contract has them. */
export const exceptionsAsked = ({ state }: ExceptionsSearch): { active?: boolean } =>
  state === 'all' ? {} : { active: state !== 'ended' }
