import { expect, it } from 'vitest'
import type { ProcessNode } from '../src/api/types'
import { layoutTree, nearFocus, nestTree } from '../src/pages/tree/layout'

const node = (id: string, parent: string | null, focus = false): ProcessNode => ({
  id, parent_id: parent, focus, pid: 1, file_name: id, command_line: '', account_name: '', start: `2026-01-01T00:00:0${id.length}Z`, end: null, sha256: '', folder_path: '', is_partial: false,
})
const tree = [node('a', null), node('b', 'a'), node('c', 'b', true), node('d', 'c'), node('e', 'c'), node('f', 'd'), node('orphan', 'gone')]

it('places parents before children and keeps what lacks a parent', () => {
  const placed = layoutTree(tree)
  const x = (id: string) => placed.nodes.find((n) => n.process.id === id)!.x
  expect(x('a')).toBeLessThan(x('b'))
  expect(x('c')).toBeLessThan(x('e'))
  expect(placed.nodes).toHaveLength(7)
  expect(placed.edges.map((e) => e.id)).toEqual(['a>b', 'b>c', 'c>d', 'c>e', 'd>f'])
})

it('does not hang on a process that is its own parent', () => {
  expect(layoutTree([node('x', 'x')]).edges).toEqual([])
  expect(nestTree([node('x', 'x')])).toHaveLength(1)
})

it('nests each process once', () => {
  const roots = nestTree(tree)
  expect(roots.map((r) => r.process.id)).toEqual(['a', 'orphan'])
  expect(roots[0]!.children[0]!.children[0]!.children.map((c) => c.process.id)).toEqual(['d', 'e'])
})

it('looks first at the process, two above and its children', () => {
  expect(nearFocus(tree)).toBe(tree)
  const many = [...tree, ...Array.from({ length: 5 }, (_, i) => node(`g${i}`, 'd'))]
  expect(nearFocus(many).map((p) => p.id)).toEqual(['a', 'b', 'c', 'd', 'e'])
})
