import { Accordion, AccordionHeader, AccordionItem, AccordionPanel, Select } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { exploreRowQuery } from '../../api/queries/explore'
import { ErrorBar } from '../../components/ErrorBar'
import { SidePanel } from '../../components/SidePanel'
import { Loading } from '../../components/states'
import { type Answer, type Cell, type Column, type FoundNode, type Row, columnTitles, narrowed, pageOf, rowKey, turned } from '../../lib/explore/answer'
import type { Language } from '../../lib/explore/language'
import { toLink } from '../../lib/explore/link'
import { formatCount } from '../../lib/format'
import { Properties } from './Properties'

interface Props {
  /** The node of the row that is open, as the address names it. */
  node: FoundNode | undefined
  /** Its row, if it was read. */
  listed: Row | undefined
  answer: Answer
  language: Language
  onClose: () => void
}

const whole = (row: Row) => row.cells.every((cell) => (cell.nodes?.length ?? 0) >= cell.total || cell.nodes === undefined)

/** Everything that is known of one row: its properties, and what matched beside it. */
export function ResultPanel({ node, listed, answer, language, onClose }: Props) {
  const key = node ? `${node.type}/${node.key}` : ''
  // The list has the first few of what matched, and maybe not this row.
  const more = useQuery({ ...exploreRowQuery(narrowed(answer.query, node ?? { type: '', key: '', name: '' }), key), enabled: node !== undefined && (!listed || !whole(listed)) })
  const row = more.data?.rows.find((r) => rowKey(r) === key) ?? listed
  const shown = row?.node ?? node
  const page = shown && pageOf(shown)
  const device = row?.node.properties?.device_id
  const titles = columnTitles(answer.columns)
  return (
    <SidePanel
      open={node !== undefined}
      title={shown?.name ?? ''}
      onClose={onClose}
      actions={
        shown && (
          <>
            <span className="muted">{language.typeTitle(shown.type)}</span>
            {page && <Link className="link" to={page.to} params={page.params}>{PAGES[page.to]}</Link>}
            {typeof device === 'string' && <Link className="link" to="/devices/$deviceId/timeline" params={{ deviceId: device }}>Open the device page</Link>}
          </>
        )
      }
    >
      {row ? (
        <Accordion multiple collapsible defaultOpenItems={['general', ...answer.columns.map((_, i) => String(i))]}>
          <AccordionItem value="general">
            <AccordionHeader as="h3">General details</AccordionHeader>
            <AccordionPanel>
              <Properties node={row.node} language={language} before={[['Type', language.typeTitle(row.node.type)], ['Subscription', row.subscription?.name], ['Resource group', row.resource_group?.name]]} />
            </AccordionPanel>
          </AccordionItem>
          {answer.columns.map((column, i) => (
            <AccordionItem key={`${key} ${i}`} value={String(i)}>
              <AccordionHeader as="h3">{titles[i]}</AccordionHeader>
              <AccordionPanel>
                <Section column={column} cell={row.cells[i]} row={row} answer={answer} language={language} />
              </AccordionPanel>
            </AccordionItem>
          ))}
        </Accordion>
      ) : node && more.isPending ? (
        <Loading what="the row" />
      ) : node && more.isError ? null : (
        node && <p>The question no longer finds it.</p>
      )}
      <ErrorBar what="The details could not be read" error={more.error} kept={listed ? 'What the list has is shown.' : undefined} retry={() => void more.refetch()} />
    </SidePanel>
  )
}

const PAGES = {
  '/machines/$machineId': 'Open the machine page',
  '/settings/device-groups/$groupId': 'Open the device group',
  '/settings/subscriptions': 'Open the subscriptions',
} as const

interface SectionProps {
  column: Column
  cell: Cell | undefined
  row: Row
  answer: Answer
  language: Language
}

/** What matched of one branch: nodes to choose from, or what the insight knows. */
function Section({ column, cell, row, answer, language }: SectionProps) {
  const [chosen, setChosen] = useState(0)
  const insight = column.kind === 'insight' ? language.insight(column.name) : undefined
  const nodes = cell?.nodes ?? []
  const node = nodes[Math.min(chosen, nodes.length - 1)]
  const own = node && pageOf(node)
  // A finding or sensor of the row's own machine leads nowhere else.
  const sameAs = own && JSON.stringify(own) === JSON.stringify(pageOf(row.node))
  const all = turned(language, answer.query, column, row.node)
  const total = cell ? `${cell.exact ? '' : 'at least '}${formatCount(cell.total)}` : '0'
  return (
    <div className="stack">
      {insight && <p className="muted small">{insight.description}</p>}
      {!cell?.matched && <p>This part of the question does not hold here; another alternative does.</p>}
      {cell?.matched && nodes.length === 0 && cell.values && <Properties values={cell.values} properties={insight?.properties ?? []} />}
      {cell?.matched && nodes.length === 0 && !cell.values && <p>It holds.</p>}
      {nodes.length > 1 && (
        <Select aria-label={`${column.title}: which`} value={String(Math.min(chosen, nodes.length - 1))} onChange={(_, d) => setChosen(Number(d.value))}>
          {nodes.map((n, i) => <option key={`${n.type}/${n.key}`} value={i}>{nameOf(n)}</option>)}
        </Select>
      )}
      {node && (
        <>
          {nodes.length === 1 && <strong>{node.name || node.key}</strong>}
          {own && !sameAs && <Link className="link" to={own.to} params={own.params}>{PAGES[own.to]}</Link>}
          <Properties node={node} language={language} />
        </>
      )}
      {cell && cell.total > 1 && (
        <p className="small">
          {cell.total > nodes.length ? `${total} in all; the first ${nodes.length} by name are listed. ` : `${total} in all. `}
          {all && <Link className="link" to="/explorer" search={{ link: toLink(JSON.stringify(all)) }}>Show them as rows</Link>}
        </p>
      )}
    </div>
  )
}

/** A name that tells versions and places apart. */
function nameOf(node: FoundNode): string {
  const { vendor, version } = node.properties ?? {}
  return [node.name || node.key, version, vendor].filter((part) => part !== undefined && part !== '').join(' · ')
}
