const UNITS = [
  ['days', 86_400],
  ['hours', 3_600],
  ['minutes', 60],
  ['seconds', 1],
] as const
export type Unit = (typeof UNITS)[number][0]
export const UNIT_NAMES: readonly Unit[] = UNITS.map(([name]) => name).reverse()

/** Seconds as the largest unit that holds them whole. */
export function splitSeconds(seconds: number): { amount: number; unit: Unit } {
  const [unit, size] = UNITS.find(([, s]) => seconds >= s && seconds % s === 0) ?? (['seconds', 1] as const)
  return { amount: seconds / size, unit }
}

/** Back to seconds; nothing where the text is no whole number above 0. */
export function joinSeconds(amount: string, unit: Unit): number | undefined {
  const size = UNITS.find(([name]) => name === unit)![1]
  return /^\d{1,9}$/.test(amount.trim()) && Number(amount) > 0 ? Number(amount) * size : undefined
}

/** "15 minutes", "1 day". */
export function formatSeconds(seconds: number): string {
  const { amount, unit } = splitSeconds(seconds)
  return `${amount} ${amount === 1 ? unit.slice(0, -1) : unit}`
}
