/** A count with thin separators in the reader's language. */
export const formatCount = (n: number): string => n.toLocaleString()

/** "1 device", "2 devices", "3 vulnerabilities". */
export const counted = (n: number, one: string, many = `${one}s`): string => `${formatCount(n)} ${n === 1 ? one : many}`

/** Bytes with binary units. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`
}

/** "no_sensor_data" → "No sensor data". */
export function humanise(name: string): string {
  const words = name.replace(/[_-]+/g, ' ').trim()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

const BROWSERS: [RegExp, string][] = [[/Edg\/(\d+)/, 'Edge'], [/OPR\/(\d+)/, 'Opera'], [/Firefox\/(\d+)/, 'Firefox'], [/Chrome\/(\d+)/, 'Chrome'], [/Version\/(\d+).*Safari/, 'Safari']]
const SYSTEMS: [RegExp, string][] = [[/Android/, 'Android'], [/iPhone|iPad/, 'iOS'], [/Windows/, 'Windows'], [/Mac OS X/, 'macOS'], [/CrOS/, 'ChromeOS'], [/Linux/, 'Linux']]

/** "Firefox 128 on Linux" of a User-Agent; the text itself where it is no browser's. */
export function browserName(agent: string): string {
  for (const [pattern, name] of BROWSERS) {
    const found = pattern.exec(agent)
    if (!found) continue
    const system = SYSTEMS.find(([mark]) => mark.test(agent))?.[1]
    return `${name} ${found[1]}${system ? ` on ${system}` : ''}`
  }
  return agent || 'unknown'
}

/** Any cell as text: what is shown, copied and exported. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'object') return JSON.stringify(value)
  return String(value)
}

/** A KQL string literal. */
export function kqlString(text: string): string {
  const escaped = text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n').replace(/\t/g, '\\t').replace(/\r/g, '\\r')
  return `"${escaped}"`
}
