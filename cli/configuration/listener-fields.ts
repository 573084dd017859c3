// The addresses of the listeners as settings, from their declarations.
import { listeners, type ListenerSetting } from '@wayward/collector/listeners'
import type { Field } from './field.ts'
import { type Address, addressType } from './field-types.ts'
import { flagOf } from './limit-fields.ts'

/** A field for each listener. */
export const listenerFields = Object.fromEntries(
  Object.entries(listeners).map(([setting, { defaultAddress, text }]) => [
    setting,
    { flag: flagOf(setting), type: addressType, default: defaultAddress, text },
  ]),
) as Readonly<Record<ListenerSetting, Field<Address> & { readonly default: string }>>
