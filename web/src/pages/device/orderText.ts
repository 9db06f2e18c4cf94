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
  baseline: {
    title: 'Compare with baselines',
    effect: 'The sensor compares the machine with its security baselines, and sends what it found. Nothing on the machine changes.',
    verb: 'Compare now',
  },
}

/** Orders that nobody gives by hand. */
const OTHERS: Record<string, string> = { remediate: 'Remediation', 'block-applications': 'Application blocks' }

export const orderTitle = (kind: string): string => ORDER_TEXT[kind as OrderKind]?.title ?? OTHERS[kind] ?? kind
