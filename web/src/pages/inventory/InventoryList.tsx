import { Button } from '@fluentui/react-components'
import { DismissRegular } from '@fluentui/react-icons'
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import type { ReactNode } from 'react'
import { CsvLink, ListBody } from '../../components/ListBody'
import { PageHeader } from '../../components/PageHeader'
import { SidePanel } from '../../components/SidePanel'
import { EmptyState } from '../../components/states'
import { useColumnChoice } from '../../components/useColumnChoice'
import type { InventorySearch } from '../../lib/inventorySearch'
import { queryOf } from '../../lib/vulnerabilitySearch'
import { Filters } from '../vulnerabilities/Chips'

interface OnDevice {
  device_id: string
  device_name: string
}

interface Props<T extends OnDevice> {
  title: string
  /** One line on what is listed. */
  about: string
  /** What the rows are, in small letters and the plural; it names the list's kept columns too. */
  what: string
  placeholder: string
  /** The route of the contract, which gives CSV too. */
  path: string
  list: UseInfiniteQueryResult<InfiniteData<{ items: T[]; total: number }>>
  columns: ColumnDef<T>[]
  idOf: (row: T) => string
  titleOf: (row: T) => string
  search: InventorySearch
  onChange: (next: Partial<InventorySearch>) => void
  icon: ReactNode
  /** Why there is nothing where nothing was filtered. */
  none: string
  /** The words of the row in the panel. */
  children: (row: T) => ReactNode
}

/** A list of what inventories hold besides packages: found by text, of one device or all, each row in a panel. */
export function InventoryList<T extends OnDevice>(props: Props<T>) {
  const { what, list, columns, idOf, search, onChange, path } = props
  const asked = { search: search.search, device: search.device }
  const { visibility, menu } = useColumnChoice(path, columns)
  const rows = list.data?.pages.flatMap((page) => page.items) ?? []
  const open = rows.find((row) => idOf(row) === search.panel)
  const filtered = Boolean(search.search || search.device)
  return (
    <div className="page">
      <PageHeader title={props.title} count={list.data?.pages[0]?.total} actions={<><CsvLink href={`${path}?${queryOf({ ...asked, format: 'csv' })}`} />{menu}</>}>
        {props.about}
      </PageHeader>
      <Filters label={what} placeholder={props.placeholder} search={search.search} onSearch={(text) => onChange({ search: text })} filtered={filtered} onClear={() => onChange({ search: undefined, device: undefined })}>
        {search.device && (
          <Button size="small" shape="circular" icon={<DismissRegular />} iconPosition="after" onClick={() => onChange({ device: undefined })} aria-label="Of all devices">
            Of {rows.find((row) => row.device_id === search.device)?.device_name ?? 'one device'}
          </Button>
        )}
      </Filters>
      <ListBody
        what={what}
        list={list}
        columns={columns}
        rowId={idOf}
        selected={search.panel}
        onOpen={(row) => onChange({ panel: idOf(row) })}
        visibility={visibility}
        asked={asked}
        kept="The filters are kept in the address."
        nothing={
          <EmptyState icon={props.icon} title={filtered ? `None of the ${what} matches` : `No ${what} are known`}>
            {filtered ? 'Clear the filters to see all of them.' : props.none}
          </EmptyState>
        }
      />
      <SidePanel
        open={open !== undefined}
        title={open ? props.titleOf(open) : ''}
        onClose={() => onChange({ panel: undefined })}
        actions={open && <Link className="link" to="/devices/$deviceId" params={{ deviceId: open.device_id }}>{open.device_name}</Link>}
      >
        {open && props.children(open)}
      </SidePanel>
    </div>
  )
}

/** The device of a row, which opens its page. */
export const deviceColumn = <T extends OnDevice>(): ColumnDef<T> => ({
  id: 'device', header: 'Device', size: 120, meta: { grow: 1 },
  cell: ({ row }) => <Link className="link" tabIndex={-1} to="/devices/$deviceId" params={{ deviceId: row.original.device_id }}>{row.original.device_name}</Link>,
})
