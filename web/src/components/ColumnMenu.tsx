import { Button, Menu, MenuItemCheckbox, MenuList, MenuPopover, MenuTrigger } from '@fluentui/react-components'
import { ColumnRegular } from '@fluentui/react-icons'

interface Props {
  /** id and header of each column that may be hidden. */
  columns: { id: string; title: string }[]
  hidden: Record<string, boolean>
  onShow: (id: string, shown: boolean) => void
}

/** Chooses the columns of a list. */
export function ColumnMenu({ columns, hidden, onShow }: Props) {
  const shown = columns.filter((column) => hidden[column.id] !== false).map((column) => column.id)
  return (
    <Menu
      checkedValues={{ columns: shown }}
      onCheckedValueChange={(_, data) => {
        const changed = columns.find((column) => shown.includes(column.id) !== data.checkedItems.includes(column.id))
        if (changed) onShow(changed.id, data.checkedItems.includes(changed.id))
      }}
    >
      <MenuTrigger disableButtonEnhancement>
        <Button appearance="subtle" icon={<ColumnRegular />}>Columns</Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {columns.map((column) => (
            <MenuItemCheckbox key={column.id} name="columns" value={column.id}>{column.title}</MenuItemCheckbox>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  )
}
