import { SearchBox } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { huntingSchemaQuery } from '../../../api/queries/hunting'
import type { HuntingTable } from '../../../api/types'
import { ErrorState, Loading } from '../../../components/states'

/** Tables and columns with their meaning; what is not filled says why. */
export function SchemaBrowser({ onInsert, onTable }: { onInsert: (word: string) => void; onTable: (name: string) => void }) {
  const schema = useQuery(huntingSchemaQuery)
  const [filter, setFilter] = useState('')
  if (schema.isPending) return <Loading what="the tables" />
  if (schema.isError) return <ErrorState what="The tables could not be read" error={schema.error} kept="You can still write and run queries." retry={() => void schema.refetch()} />
  const wanted = filter.toLowerCase()
  const tables = schema.data.tables.filter(
    (t) => !wanted || t.name.toLowerCase().includes(wanted) || t.columns.some((c) => c.name.toLowerCase().includes(wanted)),
  )
  return (
    <div className="schema">
      <SearchBox size="small" aria-label="Search tables and columns" placeholder="Table or column" value={filter} onChange={(_, d) => setFilter(d.value)} />
      {tables.map((table) => <TableEntry key={table.name} table={table} wanted={wanted} onInsert={onInsert} onTable={onTable} />)}
      {tables.length === 0 && <p className="muted small">No table or column has this name.</p>}
    </div>
  )
}

function TableEntry({ table, wanted, onInsert, onTable }: { table: HuntingTable; wanted: string; onInsert: (word: string) => void; onTable: (name: string) => void }) {
  const [open, setOpen] = useState(false)
  const columns = table.columns.filter((c) => !wanted || table.name.toLowerCase().includes(wanted) || c.name.toLowerCase().includes(wanted))
  return (
    <details className="table-entry" open={open || wanted !== ''} onToggle={(event) => !wanted && setOpen(event.currentTarget.open)}>
      <summary title={table.description}><b>{table.name}</b> <span className="muted small">{table.kind}</span></summary>
      <p className="row small table-links">
        <button type="button" className="plain" onClick={() => onInsert(table.name)}>Insert its name</button>
        <button type="button" className="plain" onClick={() => onTable(table.name)}>What it holds</button>
      </p>
      <Meanings title="type" list={table.types} onInsert={(name) => onInsert(`"${name}"`)} />
      <Meanings title="ActionType" list={table.action_types} onInsert={(name) => onInsert(`"${name}"`)} />
      <Meanings title="AdditionalFields" list={table.additional_fields} onInsert={onInsert} />
      <ul className="columns">
        {columns.map((column) => (
          <li key={column.name}>
            <button
              type="button"
              className={`pick column${column.filled ? '' : ' unfilled'}`}
              title={`${column.description}${column.reason ? `\n${column.filled ? 'Sometimes empty' : 'Not filled'}: ${column.reason}` : ''}`}
              onClick={() => onInsert(column.name)}
            >
              <span className="clip">{column.name}</span>
              <span className="muted small">{column.type}{column.filled ? '' : ' · empty'}</span>
            </button>
          </li>
        ))}
      </ul>
    </details>
  )
}

function Meanings({ title, list, onInsert }: { title: string; list: { name: string; description: string }[]; onInsert: (word: string) => void }) {
  if (list.length === 0) return null
  return (
    <details className="meanings">
      <summary className="muted">{title === 'AdditionalFields' ? 'Keys' : 'Values'} of {title}</summary>
      <ul className="columns">
        {list.map((one) => (
          <li key={one.name}>
            <button type="button" className="pick column" title={one.description} onClick={() => onInsert(one.name)}>{one.name}</button>
          </li>
        ))}
      </ul>
    </details>
  )
}
