import { Tree, TreeItem, TreeItemLayout, type TreeItemValue } from '@fluentui/react-components'
import { useMemo, useState } from 'react'
import type { ProcessNode } from '../../api/types'
import { Instant } from '../../components/Instant'
import { type Branch, nestTree } from './layout'

interface Props {
  nodes: ProcessNode[]
  selected: string | undefined
  onSelect: (id: string) => void
}

/** The process tree for screen readers, keyboards and phones. */
export function TreeList({ nodes, selected, onSelect }: Props) {
  const branches = useMemo(() => nestTree(nodes), [nodes])
  const [open, setOpen] = useState<Iterable<TreeItemValue>>(() => nodes.map((node) => node.id))
  return (
    <div className="tree-list">
      <Tree
        aria-label="Process tree"
        openItems={open}
        // Choosing a process does not fold it; its arrow and the arrow keys do.
        onOpenChange={(_, data) => data.type !== 'Click' && setOpen(data.openItems)}
      >
        {branches.map((branch) => <Item key={branch.process.id} branch={branch} selected={selected} onSelect={onSelect} />)}
      </Tree>
    </div>
  )
}

function Item({ branch, selected, onSelect }: { branch: Branch; selected: string | undefined; onSelect: (id: string) => void }) {
  const { process, children } = branch
  return (
    <TreeItem
      value={process.id}
      itemType={children.length ? 'branch' : 'leaf'}
      onClick={(event) => { event.stopPropagation(); onSelect(process.id) }}
      onKeyDown={(event) => {
        if (event.target !== event.currentTarget || (event.key !== 'Enter' && event.key !== ' ')) return
        // Else the same key would press the first button of the panel that opens.
        event.preventDefault()
        onSelect(process.id)
      }}
    >
      <TreeItemLayout className={process.id === selected ? 'tree-chosen' : undefined} aside={<span className="hide-narrow muted small"><Instant at={process.start} millis none="" /></span>}>
        <b>{process.file_name}</b> <span className="muted nums">{process.pid}</span> {process.account_name}
        {process.focus && ' (this event)'} <span className="mono muted">{process.command_line}</span>
      </TreeItemLayout>
      {children.length > 0 && (
        <Tree>
          {children.map((child) => <Item key={child.process.id} branch={child} selected={selected} onSelect={onSelect} />)}
        </Tree>
      )}
    </TreeItem>
  )
}
