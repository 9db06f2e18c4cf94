/** What can be asked, as the server's schema document says it. */
export type ValueType = 'text' | 'version' | 'choice' | 'bool' | 'integer' | 'real' | 'time'
export type ValueShape = 'one' | 'list' | 'truth'

export interface Property {
  name: string
  title: string
  type: ValueType
  values: string[]
  operators: string[]
}
export interface Operator {
  name: string
  title: string
  value: ValueShape
}
export interface Insight {
  name: string
  title: string
  description: string
  properties: Property[]
}
export interface Connection {
  kind: 'connection'
  connection: string
  title: string
  /** The same connection as it is read from the other side. */
  reverse: string
  to: string[]
}
export type Follow = { kind: 'insight'; insight: string } | Connection
export interface NodeType {
  name: string
  title: string
  category: string
  description: string
  popular: boolean
  group: boolean
  member_of: string | null
  source: string
  properties: Property[]
  follows: Follow[]
}
export interface SchemaDocument {
  version: number
  categories: { name: string; title: string }[]
  types: NodeType[]
  insights: Insight[]
  operators: Operator[]
  sources: string[]
}

/** The schema with what is looked up in it. */
export class Language {
  readonly schema: SchemaDocument
  private readonly kinds: Map<string, NodeType>
  private readonly said: Map<string, Insight>
  private readonly compared: Map<string, Operator>
  /** Every connection in each of its readings, in order, with the types that it begins at. */
  readonly connections: Map<string, { title: string; reverse: string; from: string[] }>

  constructor(schema: SchemaDocument) {
    this.schema = schema
    this.kinds = new Map(schema.types.map((type) => [type.name, type]))
    this.said = new Map(schema.insights.map((insight) => [insight.name, insight]))
    this.compared = new Map(schema.operators.map((operator) => [operator.name, operator]))
    this.connections = new Map()
    for (const type of schema.types) {
      for (const follow of type.follows) {
        if (follow.kind !== 'connection') continue
        const known = this.connections.get(follow.connection)
        if (known) known.from.push(type.name)
        else this.connections.set(follow.connection, { title: follow.title, reverse: follow.reverse, from: [type.name] })
      }
    }
  }

  type = (name: string): NodeType | undefined => this.kinds.get(name)
  insight = (name: string): Insight | undefined => this.said.get(name)
  operator = (name: string): Operator | undefined => this.compared.get(name)
  typeTitle = (name: string): string => this.kinds.get(name)?.title ?? name

  titles(names: string[]): string {
    return names.map(this.typeTitle).join(', ')
  }

  members(group: string): string[] {
    return this.schema.types.filter((type) => type.member_of === group).map((type) => type.name)
  }

  /** Whether the insight can be said of that type. */
  says(type: string, insight: string): boolean {
    return this.kinds.get(type)?.follows.some((f) => f.kind === 'insight' && f.insight === insight) ?? false
  }

  /** Where a connection leads from that type; undefined where it does not begin there. */
  leads(type: string, connection: string): string[] | undefined {
    return this.kinds.get(type)?.follows.find((f): f is Connection => f.kind === 'connection' && f.connection === connection)?.to
  }

  /** A property that all of these types have in the same sense. */
  property(types: string[], name: string): Property | undefined {
    const found = types.map((type) => this.kinds.get(type)?.properties.find((p) => p.name === name))
    const [first] = found
    const same = (p: Property | undefined) => p && first && p.type === first.type && p.values.join() === first.values.join()
    return first && found.every(same) ? first : undefined
  }
}

/** What words such as `not_applicable` are for people. */
export function wordOf(value: string): string {
  const words = value.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
