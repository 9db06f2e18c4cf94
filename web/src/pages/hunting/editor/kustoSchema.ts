import type { EngineSchema } from '@kusto/monaco-kusto'
import type { HuntingSchema } from '../../../api/types'
import { parametersOf } from '../functionText'

const CLR: Record<string, string> = {
  bool: 'System.SByte',
  int: 'System.Int32',
  long: 'System.Int64',
  real: 'System.Double',
  string: 'System.String',
  datetime: 'System.DateTime',
  timespan: 'System.TimeSpan',
  dynamic: 'System.Object',
  guid: 'System.Guid',
}

type SchemaFunction = HuntingSchema['functions'][number]

/** A name as KQL writes it, also where it holds more than letters. */
const written = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : `['${name.replace(/[\\']/g, '\\$&')}']`)

/** A body that has the function's columns: its own is not told, and the service only needs to know what comes out. */
const stands = ({ columns }: SchemaFunction): string =>
  columns ? `{ datatable(${columns.map((column) => `${written(column.name)}:${column.type}`).join(', ')})[] }` : '{ dynamic(null) }'

/** A function of the tenant, with what it takes. */
export function kustoFunction(one: SchemaFunction) {
  return {
    name: one.name,
    body: stands(one),
    docstring: one.description || `A function of this tenant${one.folder ? ` in ${one.folder}` : ''}.`,
    inputParameters: parametersOf(one.parameters).map(({ name, type, columns, value }) =>
      columns
        ? { name, columns: columns.map((column) => ({ name: column.name, type: CLR[column.type] ?? 'System.Object', cslType: column.type })) }
        : { name, type: CLR[type ?? ''] ?? 'System.Object', cslType: type ?? 'dynamic', ...(value !== undefined && { cslDefaultValue: value }) },
    ),
  }
}

/** Our tables and the tenant's functions in the shape that the editor's language service reads. */
export function kustoSchema(schema: HuntingSchema): EngineSchema {
  const database = {
    name: 'palisade',
    majorVersion: 1,
    minorVersion: 0,
    functions: schema.functions.map(kustoFunction),
    entityGroups: [],
    tables: schema.tables.map((table) => ({
      name: table.name,
      entityType: 'Table' as const,
      docstring: table.description,
      columns: table.columns.map((column) => ({
        name: column.name,
        type: CLR[column.type] ?? 'System.Object',
        docstring: column.filled ? column.description : `${column.description} (not filled: ${column.reason ?? 'no source yet'})`,
      })),
    })),
  }
  return { clusterType: 'Engine', cluster: { connectionString: 'palisade', databases: [database] }, database }
}
