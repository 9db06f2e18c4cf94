import { Background, Controls, type Edge, Handle, MarkerType, MiniMap, type Node, type NodeProps, Position, ReactFlow } from '@xyflow/react'
import { useMemo } from 'react'
import type { ProcessNode } from '../../api/types'
import { useIsDark } from '../../lib/theme'
import { NODE_HEIGHT, NODE_WIDTH, layoutTree, nearFocus } from './layout'
import { ProcessCard } from './ProcessCard'
import '@xyflow/react/dist/style.css'

type TreeNode = Node<{ process: ProcessNode }, 'process'>

const TYPES = { process: TreeNodeView }

interface Props {
  nodes: ProcessNode[]
  selected: string | undefined
  onSelect: (id: string) => void
}

/** Drag to pan, wheel to zoom, Tab and Enter on the processes. */
export function TreeCanvas({ nodes, selected, onSelect }: Props) {
  const dark = useIsDark()
  const placed = useMemo(() => layoutTree(nodes), [nodes])
  const flowNodes: TreeNode[] = placed.nodes.map(({ process, x, y }) => ({
    id: process.id,
    type: 'process',
    position: { x, y },
    data: { process },
    selected: process.id === selected,
    width: NODE_WIDTH,
    height: NODE_HEIGHT,
    ariaLabel: `${process.file_name}, process ${process.pid}, ${process.account_name}`,
  }))
  const edges: Edge[] = placed.edges.map((edge) => ({ ...edge, type: 'smoothstep', focusable: false, markerEnd: { type: MarkerType.ArrowClosed } }))

  return (
    <div
      className="tree-canvas"
      role="application"
      aria-label="Process tree, drawn. The same as a list: the button above."
      onKeyDown={(event) => {
        const id = (event.target as HTMLElement).closest<HTMLElement>('.react-flow__node')?.dataset.id
        if (!id || (event.key !== 'Enter' && event.key !== ' ')) return
        // Else the same key would press the first button of the panel that opens.
        event.preventDefault()
        onSelect(id)
      }}
    >
      <ReactFlow
        nodes={flowNodes}
        edges={edges}
        nodeTypes={TYPES}
        colorMode={dark ? 'dark' : 'light'}
        nodesDraggable={false}
        nodesConnectable={false}
        minZoom={0.1}
        maxZoom={2}
        fitView
        fitViewOptions={{ minZoom: 0.7, maxZoom: 1, padding: 0.08, nodes: nearFocus(nodes) }}
        onNodeClick={(_, node) => onSelect(node.id)}
        proOptions={{ hideAttribution: true }}
      >
        <Background gap={20} />
        <Controls showInteractive={false} />
        {nodes.length > 20 && <MiniMap pannable zoomable ariaLabel="Overview of the tree" />}
      </ReactFlow>
    </div>
  )
}

function TreeNodeView({ data, selected }: NodeProps<TreeNode>) {
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <ProcessCard process={data.process} selected={selected} />
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </>
  )
}
