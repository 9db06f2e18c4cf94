interface Signed {
  name: string
  /** As KQL has them, with brackets. */
  parameters: string
}

export interface Parameter {
  name: string
  /** A KQL type; undefined for a table. */
  type: string | undefined
  /** The columns of a table that it takes; empty where it takes any. */
  columns: { name: string; type: string }[] | undefined
  /** Its default, as written. */
  value: string | undefined
}

/** Parameters as KQL writes them: "(ip:string, T:(a:long, b:string), n:long = 5)". */
export function parametersOf(text: string): Parameter[] {
  return splitOutside(withoutBrackets(text), ',').flatMap((part): Parameter[] => {
    const [declared = '', value] = splitOutside(part, '=')
    const [name = '', type = ''] = splitOutside(declared, ':')
    if (name === '') return []
    if (!type.startsWith('(')) return [{ name, type: type || undefined, columns: undefined, value }]
    const columns = splitOutside(withoutBrackets(type), ',').flatMap((column) => {
      const [of = '', is = 'dynamic'] = splitOutside(column, ':')
      return of === '*' || of === '' ? [] : [{ name: of, type: is }]
    })
    return [{ name, type: undefined, columns, value }]
  })
}

const withoutBrackets = (text: string): string => text.trim().replace(/^\(/, '').replace(/\)$/, '')

/** Parts between marks that stand neither in brackets nor in a text. */
function splitOutside(text: string, mark: string): string[] {
  const parts = ['']
  let depth = 0
  let quote = ''
  for (const letter of text) {
    if (quote) quote = letter === quote ? '' : quote
    else if (letter === '"' || letter === "'") quote = letter
    else if (letter === '(' || letter === '[' || letter === '{') depth += 1
    else if (letter === ')' || letter === ']' || letter === '}') depth -= 1
    if (letter === mark && depth === 0 && !quote) parts.push('')
    else parts[parts.length - 1] += letter
  }
  return parts.map((part) => part.trim())
}

/** How a function is called, with the names of its parameters where values go; one that takes a table by `invoke`. */
export function callOf({ name, parameters }: Signed): string {
  const [first, ...rest] = parametersOf(parameters)
  const names = (list: Parameter[]) => list.map((one) => one.name).join(', ')
  return first?.columns ? `invoke ${name}(${names(rest)})` : `${name}(${names(first ? [first, ...rest] : [])})`
}

/** A function as a text: one without parameters runs by itself, others are written out before they are called. */
export function textOf(one: Signed & { body: string }): string {
  const body = one.body.trim()
  const [first] = parametersOf(one.parameters)
  if (!first) return `${body}\n`
  return `let ${one.name} = ${one.parameters} {\n${body}\n};\n${first.columns ? `${first.name}\n| ` : ''}${callOf(one)}\n`
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
/** Why a name cannot be one of a function; undefined where it can. The server has the last word. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'Give it a name.'
  if (!NAME.test(name)) return 'Letters, digits and underscores, not beginning with a digit.'
  return name.length > 128 ? 'At most 128 letters.' : undefined
}
