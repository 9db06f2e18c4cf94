import type { OrderKind } from '../../api/types'

/** What each order does, in words, before it is sent. */
export const ORDER_TEXT: Record<OrderKind, { title: string; effect: string; verb: string }> = {
  ping: {
    title: 'Ping',
    effect: 'The sensor answers with a receipt. Nothing on the machine changes.',
    verb: 'Send the ping',
  },
  'collect-now': {
    title: 'Collect now',
    effect: 'The sensor sends at once what it holds and a fresh picture of the machine. Nothing on the machine changes.',
    verb: 'Collect now',
  },
  inventory: {
    title: 'Look again',
    effect: 'The sensor looks again at all that is installed, and sends what changed. Nothing on the machine changes.',
    verb: 'Look again',
  },
}

export const orderTitle = (kind: string): string => ORDER_TEXT[kind as OrderKind]?.title ?? kind
