import { TableHeader, TableHeaderCell, TableRow } from '@fluentui/react-components'

/** The head of a small table; the column of its buttons has a name for those who do not see them. */
export function HeadRow({ names, actions = false }: { names: string[]; actions?: boolean }) {
  return (
    <TableHeader>
      <TableRow>
        {names.map((name) => <TableHeaderCell key={name}>{name}</TableHeaderCell>)}
        {actions && <TableHeaderCell className="head-actions"><span className="hidden-text">Actions</span></TableHeaderCell>}
      </TableRow>
    </TableHeader>
  )
}
