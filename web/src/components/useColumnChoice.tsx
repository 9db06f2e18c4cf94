import type { ColumnDef, VisibilityState } from '@tanstack/react-table'
import type { ReactNode } from 'react'
import { useHiddenColumns } from '../lib/columns'
import { useNarrow } from '../lib/hooks'
import { ColumnMenu } from './ColumnMenu'

/** Which columns of a list are shown, kept under its name, and the menu that chooses; the first one always is. */
export function useColumnChoice<T>(list: string, columns: ColumnDef<T>[]): { visibility: VisibilityState; menu: ReactNode } {
  const [visibility, show] = useHiddenColumns(list)
  const narrow = useNarrow()
  const named = columns.slice(1).map((column) => ({ id: column.id ?? '', title: typeof column.header === 'string' ? column.header : '' }))
  return { visibility, menu: narrow ? null : <ColumnMenu columns={named} hidden={visibility} onShow={show} /> }
}
