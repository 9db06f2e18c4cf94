import { Graph, layout } from '@dagrejs/dagre'
import type { ProcessNode } from '../../api/types'

export const NODE_WIDTH = 224
export const NODE_HEIGHT = 74

/** A tree of so many processes is shown whole. */
const SMALL = 10

export interface Placed {
  process: ProcessNode
  x: number
  y: number
}
export interface TreeLayout {
  nodes: Placed[]
  edges: { id: string; source: string; target: string }[]
}

/** Places a tree left to right, parents before children. */
export function layoutTree(processes: ProcessNode[]): TreeLayout {
  const graph = new Graph()
  graph.setGraph({ rankdir: 'LR', nodesep: 14, ranksep: 46, marginx: 20, marginy: 20 })
  graph.setDefaultEdgeLabel(() => ({}))
  const known = new Set(processes.map((process) => process.id))
  const edges: TreeLayout['edges'] = []
  for (const process of processes) graph.setNode(process.id, { width: NODE_WIDTH, height: NODE_HEIGHT })
  for (const process of processes) {
    // An answer that was cut may lack a parent; then the process stands alone.
    if (process.parent_id && process.parent_id !== process.id && known.has(process.parent_id)) {
      graph.setEdge(process.parent_id, process.id)
      edges.push({ id: `${process.parent_id}>${process.id}`, source: process.parent_id, target: process.id })
    }
  }
  layout(graph)
  return {
    nodes: processes.map((process) => {
      const at = graph.node(process.id) as { x: number; y: number }
      return { process, x: at.x - NODE_WIDTH / 2, y: at.y - NODE_HEIGHT / 2 }
    }),
    edges,
  }
}

/** What to look at first: the process, two generations above it, and its children. */
export function nearFocus(processes: ProcessNode[]): ProcessNode[] {
  const focus = processes.find((process) => process.focus)
  if (!focus || processes.length <= SMALL) return processes
  const parent = processes.find((process) => process.id === focus.parent_id)
  return processes.filter((p) => p === focus || p === parent || p.id === parent?.parent_id || p.parent_id === focus.id)
}

/** The same tree as nested lists, oldest child first; each process once. */
export interface Branch {
  process: ProcessNode
  children: Branch[]
}
export function nestTree(processes: ProcessNode[]): Branch[] {
  const branches = new Map(processes.map((process) => [process.id, { process, children: [] as Branch[] }]))
  const roots: Branch[] = []
  for (const branch of branches.values()) {
    const parent = branch.process.parent_id && branch.process.parent_id !== branch.process.id ? branches.get(branch.process.parent_id) : undefined
    if (parent) parent.children.push(branch)
    else roots.push(branch)
  }
  const byStart = (a: Branch, b: Branch) => (a.process.start ?? '').localeCompare(b.process.start ?? '')
  for (const branch of branches.values()) branch.children.sort(byStart)
  return roots.sort(byStart)
}
