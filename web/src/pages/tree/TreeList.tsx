import { Tree, TreeItem, TreeItemLayout } from '@fluentui/react-components'
import { useMemo } from 'react'
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
  return (
    <div className="tree-list">
      <Tree aria-label="Process tree" defaultOpenItems={nodes.map((node) => node.id)}>
        {branches.map((branch) => <Item key={branch.process.id} branch={branch} selected={selected} onSelect={onSelect} />)}
      </Tree>
    </div>
  )
}

function Item({ branch, selected, onSelect }: { branch: Branch; selected: string | undefined; onSelect: (id: string) => void }) {
  const { process, children } = branch
  return (
    <TreeItem value={process.id} itemType={children.length ? 'branch' : 'leaf'} onClick={(event) => { event.stopPropagation(); onSelect(process.id) }}>
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
