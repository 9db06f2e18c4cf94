import type { EngineSchema } from '@kusto/monaco-kusto'
import type { HuntingSchema } from '../../../api/types'

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

/** Our tables in the shape that the editor's language service reads. */
export function kustoSchema(schema: HuntingSchema): EngineSchema {
  const database = {
    name: 'palisade',
    majorVersion: 1,
    minorVersion: 0,
    functions: [],
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
