import { Button } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { huntingSchemaQuery } from '../../api/queries/hunting'
import { SidePanel } from '../../components/SidePanel'
import { EmptyState, ErrorState, Loading } from '../../components/states'

/** What a table or function is: its meaning, its columns, and the values that tell its rows apart. */
export function TablePanel({ name, onClose, onInsert }: { name: string; onClose: () => void; onInsert: (word: string) => void }) {
  const schema = useQuery(huntingSchemaQuery)
  const table = schema.data?.tables.find((one) => one.name === name)
  const own = schema.data?.functions.find((one) => one.name === name)
  return (
    <SidePanel open title={name} onClose={onClose} actions={(table ?? own) && <Button size="small" onClick={() => onInsert(name)}>Insert</Button>}>
      {schema.isPending ? (
        <Loading what="the table" />
      ) : schema.isError ? (
        <ErrorState what="The tables could not be read" error={schema.error} retry={() => void schema.refetch()} />
      ) : table ? (
        <div className="stack">
          <p>{table.description}</p>
          <Words title={`Values of ActionType (${table.action_types.length})`} list={table.action_types} />
          <Words title={`Values of type (${table.types.length})`} list={table.types} />
          <Words title={`Keys of AdditionalFields (${table.additional_fields.length})`} list={table.additional_fields} />
          <h3 className="card-title">Columns ({table.columns.length})</h3>
          <dl className="fields">
            {table.columns.map((column) => (
              <div className="field" key={column.name}>
                <dt><span className="mono">{column.name}</span><br />{column.type}{!column.filled && ' · empty'}</dt>
                <dd><span>{column.description}{column.reason && <span className="muted"> {column.filled ? 'Sometimes empty' : 'Not filled'}: {column.reason}</span>}</span></dd>
              </div>
            ))}
          </dl>
        </div>
      ) : own ? (
        <div className="stack">
          <p className="mono">{own.name}{own.parameters}</p>
          <p>{own.description || 'It has no description.'}</p>
          {own.columns && (
            <>
              <h3 className="card-title">Columns ({own.columns.length})</h3>
              <dl className="fields">{own.columns.map((column) => <div className="field" key={column.name}><dt className="mono">{column.name}</dt><dd><span>{column.type}</span></dd></div>)}</dl>
            </>
          )}
        </div>
      ) : (
        <EmptyState title="There is no such table">Names are told apart by capitals. All tables are beside the editor, under Tables.</EmptyState>
      )}
    </SidePanel>
  )
}

function Words({ title, list }: { title: string; list: { name: string; description: string }[] }) {
  if (list.length === 0) return null
  return (
    <details className="table-entry">
      <summary><b>{title}</b></summary>
      <dl className="fields">{list.map((one) => <div className="field" key={one.name}><dt className="mono">{one.name}</dt><dd><span>{one.description}</span></dd></div>)}</dl>
    </details>
  )
}
